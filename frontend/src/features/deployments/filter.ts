import type { DeploymentRow } from '../../api/types';

export interface RowFilter {
  text: string;
  project: string;
  status: string;
}

/** The filter that an address asks for. */
export function filterOf(parameters: URLSearchParams): RowFilter {
  return {
    text: parameters.get('q') ?? '',
    project: parameters.get('project') ?? '',
    status: parameters.get('status') ?? '',
  };
}

export function parametersOf(filter: RowFilter): Record<string, string> {
  return {
    ...(filter.text && { q: filter.text }),
    ...(filter.project && { project: filter.project }),
    ...(filter.status && { status: filter.status }),
  };
}

/** Keep the rows that have every word and every mark asked for. */
export function filterRows(rows: readonly DeploymentRow[], filter: RowFilter): DeploymentRow[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      (!filter.project || row.project === filter.project) &&
      (!filter.status || row.status === filter.status) &&
      (words.length === 0 || hasAll(row, words)),
  );
}

function hasAll(row: DeploymentRow, words: readonly string[]): boolean {
  const text = `${row.name} ${row.displayName} ${row.model}:${row.tag} ${row.project}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
