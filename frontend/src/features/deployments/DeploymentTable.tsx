import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Pagination,
} from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useDeferredValue, useMemo, useState } from 'react';
import { Link, useSearchParams } from 'react-router-dom';

import type { DeploymentRow, Project } from '../../api/types';
import { CopyButton } from '../../components/CodeView';
import { StatusLabel } from '../../components/StatusLabel';

import { DeploymentToolbar } from './DeploymentToolbar';
import { filterOf, filterRows, parametersOf, type RowFilter } from './filter';
import { RowActions } from './RowActions';

const PER_PAGE = 50;

interface DeploymentTableProps {
  rows: readonly DeploymentRow[];
  projects: readonly Project[];
}

/** Deployments, one row each; the filter is part of the address. */
export function DeploymentTable({ rows, projects }: DeploymentTableProps) {
  const [parameters, setParameters] = useSearchParams();
  const [page, setPage] = useState(1);
  const filter = filterOf(parameters);
  const { text, project, status } = useDeferredValue(filter, filter);
  const found = useMemo(() => filterRows(rows, { text, project, status }), [rows, text, project, status]);
  const last = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const current = Math.min(page, last);
  const change = (next: RowFilter) => {
    setPage(1);
    setParameters(parametersOf(next), { replace: true });
  };
  return (
    <>
      <DeploymentToolbar filter={filter} onFilter={change} projects={projects} found={found.length} all={rows.length} />
      {found.length === 0 ? (
        <NothingFound onClear={() => change({ text: '', project: '', status: '' })} />
      ) : (
        <Table aria-label="Deployments" variant="compact">
          <Thead>
            <Tr>
              <Th>Name</Th>
              <Th>Status</Th>
              <Th>Model</Th>
              <Th modifier="fitContent">Project</Th>
              <Th modifier="fitContent">Protocol</Th>
              <Th modifier="fitContent">GPUs</Th>
              <Th modifier="fitContent">Endpoint</Th>
              <Th screenReaderText="Actions" />
            </Tr>
          </Thead>
          <Tbody>
            {found.slice((current - 1) * PER_PAGE, current * PER_PAGE).map((row) => (
              <Row key={`${row.project}/${row.name}`} row={row} />
            ))}
          </Tbody>
        </Table>
      )}
      {found.length > PER_PAGE && (
        <Pagination
          itemCount={found.length}
          perPage={PER_PAGE}
          page={current}
          perPageOptions={[{ title: String(PER_PAGE), value: PER_PAGE }]}
          onSetPage={(_, next) => setPage(next)}
          variant="bottom"
          titles={{ paginationAriaLabel: 'Pages of deployments' }}
        />
      )}
    </>
  );
}

function Row({ row }: { row: DeploymentRow }) {
  return (
    <Tr>
      <Td dataLabel="Name">
        <Link to={`/deployments/${row.project}/${row.name}`}>{row.displayName || row.name}</Link>
        {row.displayName && row.displayName !== row.name && <div>{row.name}</div>}
      </Td>
      <Td dataLabel="Status">
        <StatusLabel status={row.status} />
        {row.status === 'Starting' && row.phase && <div>{row.phase}</div>}
        {row.message && <div>{row.message}</div>}
      </Td>
      <Td dataLabel="Model" modifier="breakWord">
        {row.model}:{row.tag}
      </Td>
      <Td dataLabel="Project" modifier="nowrap">{row.project}</Td>
      <Td dataLabel="Protocol">{row.protocol === 'grpc' ? 'gRPC' : 'HTTP'}</Td>
      <Td dataLabel="GPUs">{row.replicas > 1 ? `${row.replicas} × ${row.gpus}` : row.gpus}</Td>
      <Td dataLabel="Endpoint" modifier="nowrap">
        <EndpointCopy row={row} />
      </Td>
      <Td isActionCell dataLabel="Actions">
        <RowActions row={row} />
      </Td>
    </Tr>
  );
}

function EndpointCopy({ row }: { row: DeploymentRow }) {
  const url = row.externalUrl || row.endpoints[0]?.url;
  if (!url) {
    return '–';
  }
  return (
    <>
      {row.externalUrl ? 'External' : 'Internal'}
      <CopyButton text={url} label={`endpoint of ${row.name}`} />
    </>
  );
}

function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState headingLevel="h2" titleText="No deployment fits" icon={SearchIcon}>
      <EmptyStateBody>Use other words, or fewer filters.</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            Clear all filters
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
