import type { DeployRequest } from '../api/types';

/** A variable of the container, as a form holds it. */
export interface EnvRow {
  id: number;
  name: string;
  source: 'value' | 'secret' | 'configMap';
  value: string;
  /** The Secret or ConfigMap, and its key. */
  from: string;
  fromKey: string;
}

/** A name, and a value where there is one. */
export interface PairRow {
  id: number;
  name: string;
  value: string;
}

/** Problems by field. */
export type Problems = Partial<Record<string, string[]>>;

/** An id that no row has. */
export function nextId(rows: readonly { id: number }[]): number {
  return 1 + Math.max(0, ...rows.map((row) => row.id));
}

/** A variable as the server takes it. */
export function toVariable(row: EnvRow): NonNullable<DeployRequest['env']>[number] {
  if (row.source === 'value') {
    return { name: row.name, value: row.value };
  }
  const reference = { name: row.from, key: row.fromKey, optional: false };
  return {
    name: row.name,
    valueFrom:
      row.source === 'secret' ? { secretKeyRef: reference } : { configMapKeyRef: reference },
  };
}
