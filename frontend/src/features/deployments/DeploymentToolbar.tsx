import {
  FormSelect,
  FormSelectOption,
  SearchInput,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';

import type { DeploymentRow, Project } from '../../api/types';
import { ProjectSelect } from '../../components/ProjectSelect';

import type { RowFilter } from './filter';

const STATUSES: readonly DeploymentRow['status'][] = [
  'Ready', 'Starting', 'Failed', 'Stopping', 'Stopped', 'Deleting', 'Unknown',
];

interface DeploymentToolbarProps {
  filter: RowFilter;
  onFilter: (filter: RowFilter) => void;
  projects: readonly Project[];
  found: number;
  all: number;
}

/** What narrows the deployments down. */
export function DeploymentToolbar(props: DeploymentToolbarProps) {
  const { filter, onFilter, projects, found, all } = props;
  return (
    <Toolbar aria-label="Filters" inset={{ default: 'insetNone' }}>
      <ToolbarContent>
        <ToolbarItem>
          <SearchInput
            value={filter.text}
            placeholder="Name or model"
            aria-label="Search deployments"
            onChange={(_, text) => onFilter({ ...filter, text })}
            onClear={() => onFilter({ ...filter, text: '' })}
          />
        </ToolbarItem>
        <ToolbarItem>
          <ProjectSelect
            id="filter-project"
            label="Project"
            value={filter.project}
            projects={projects}
            emptyText="All projects"
            onChange={(project) => onFilter({ ...filter, project })}
          />
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect
            aria-label="Status"
            value={filter.status}
            onChange={(_, status) => onFilter({ ...filter, status })}
          >
            <FormSelectOption value="" label="Any status" />
            {STATUSES.map((status) => (
              <FormSelectOption key={status} value={status} label={status} />
            ))}
          </FormSelect>
        </ToolbarItem>
        <ToolbarItem alignSelf="center">
          <span role="status">
            {found} of {all} deployments
          </span>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}
