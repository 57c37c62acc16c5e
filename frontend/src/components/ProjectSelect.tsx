import { FormSelect, FormSelectOption } from '@patternfly/react-core';

import type { Project } from '../api/types';

interface ProjectSelectProps {
  id: string;
  value: string;
  projects: readonly Project[];
  onChange: (project: string) => void;
  /** The first entry: nothing chosen, or everything. */
  emptyText: string;
  label?: string;
  invalid?: boolean;
}

/** One of the projects that the caller sees. */
export function ProjectSelect(props: ProjectSelectProps) {
  const { id, value, projects, onChange, emptyText, label, invalid = false } = props;
  const known = value === '' || projects.some((project) => project.name === value);
  return (
    <FormSelect
      id={id}
      value={value}
      aria-label={label}
      validated={invalid ? 'error' : 'default'}
      onChange={(_, project) => onChange(project)}
    >
      <FormSelectOption value="" label={emptyText} />
      {!known && <FormSelectOption value={value} label={`${value} (not in the list)`} />}
      {projects.map((project) => (
        <FormSelectOption key={project.name} value={project.name} label={nameOf(project)} />
      ))}
    </FormSelect>
  );
}

function nameOf(project: Project): string {
  return project.displayName && project.displayName !== project.name
    ? `${project.displayName} (${project.name})`
    : project.name;
}
