import type { ChangeRequest, Protocol, Specification } from '../../api/types';
import { quantityProblem } from '../../domain/quantity';
import { toVariable, type EnvRow, type Problems } from '../../domain/rows';
import { variableProblem } from '../../domain/variables';

/** What can be changed of a deployment, as the form holds it. */
export interface EditForm {
  tag: string;
  displayName: string;
  description: string;
  protocol: Protocol;
  gpus: number;
  cpu: string;
  memory: string;
  replicas: number;
  strategy: Specification['strategy'];
  storageSize: string;
  env: EnvRow[];
  /** Names of variables whose values are not shown; they stay as they are. */
  hidden: string[];
  /** Names of variables that refer to something this form has no fields for. */
  kept: string[];
  args: string;
}

export type EditAction = { type: 'set'; values: Partial<EditForm> };

export function reduceEdit(form: EditForm, action: EditAction): EditForm {
  return { ...form, ...action.values };
}

/** The form of what is there. */
export function editFormOf(spec: Specification): EditForm {
  const rows = spec.env.map((one, place) => rowOf(one, place + 1));
  return {
    tag: spec.tag,
    displayName: spec.displayName,
    description: spec.description,
    protocol: spec.protocol,
    gpus: spec.gpus,
    cpu: spec.cpu,
    memory: spec.memory,
    replicas: spec.replicas,
    strategy: spec.strategy,
    storageSize: spec.storageSize ?? '',
    env: rows.filter((row) => row !== null),
    hidden: spec.env.filter(({ hidden }) => hidden).map(({ name }) => name),
    kept: spec.env.filter((one, place) => !one.hidden && rows[place] === null).map(({ name }) => name),
    args: spec.args.join('\n'),
  };
}

function rowOf(one: Specification['env'][number], id: number): EnvRow | null {
  const empty = { id, name: one.name, value: one.value ?? '', from: '', fromKey: '' };
  if (one.hidden) {
    return null;
  }
  if (!one.valueFrom) {
    return { ...empty, source: 'value' };
  }
  const secret = reference(one.valueFrom['secretKeyRef']);
  const map = reference(one.valueFrom['configMapKeyRef']);
  if (secret) {
    return { ...empty, source: 'secret', from: secret.name, fromKey: secret.key };
  }
  return map ? { ...empty, source: 'configMap', from: map.name, fromKey: map.key } : null;
}

function reference(value: unknown): { name: string; key: string } | null {
  const found = value as { name?: unknown; key?: unknown } | null | undefined;
  return typeof found?.name === 'string' && typeof found.key === 'string'
    ? { name: found.name, key: found.key }
    : null;
}

/** Only what differs from what is there. */
export function changesOf(spec: Specification, form: EditForm): ChangeRequest {
  const before = editFormOf(spec);
  const plain = ['tag', 'displayName', 'description', 'protocol', 'gpus', 'cpu', 'memory', 'replicas', 'strategy', 'storageSize'] as const;
  const changed = plain.filter((field) => form[field] !== before[field]);
  const env = form.env.filter((row) => !before.env.some((old) => sameVariable(old, row)));
  const left = [...form.env.map(({ name }) => name), ...form.hidden, ...form.kept];
  const unsetEnv = spec.env.map(({ name }) => name).filter((name) => !left.includes(name));
  return {
    ...Object.fromEntries(changed.map((field) => [field, form[field]])),
    ...(env.length > 0 ? { env: env.map(toVariable) } : {}),
    ...(unsetEnv.length > 0 ? { unsetEnv } : {}),
    ...(form.args !== before.args ? { args: argumentsOf(form.args) } : {}),
    base: spec.base,
  };
}

/** Whether anything but the state that it starts from is in a change. */
export function isEmptyChange(change: ChangeRequest): boolean {
  return Object.keys(change).every((field) => field === 'base');
}

function sameVariable(one: EnvRow, other: EnvRow): boolean {
  return JSON.stringify({ ...one, id: 0 }) === JSON.stringify({ ...other, id: 0 });
}

function argumentsOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}

/** What is wrong with the form; the plan finds the rest. */
export function editProblems(form: EditForm): Problems {
  const found: Problems = {
    tag: form.tag ? [] : ['A tag is needed.'],
    cpu: [quantityProblem(form.cpu, '2')].filter(Boolean),
    memory: [quantityProblem(form.memory, '8Gi')].filter(Boolean),
    storageSize: form.storageSize ? [quantityProblem(form.storageSize, '50Gi')].filter(Boolean) : [],
  };
  form.env.forEach((row, place) => {
    const others = form.env.filter((_, other) => other < place).map(({ name }) => name);
    found[`env.${row.id}`] = [
      variableProblem(row.name, row.value, [...others, ...form.hidden, ...form.kept]),
      row.source !== 'value' && (!row.from || !row.fromKey) ? 'Name the object and its key.' : '',
    ].filter(Boolean);
  });
  return Object.fromEntries(Object.entries(found).filter(([, list]) => list && list.length > 0));
}
