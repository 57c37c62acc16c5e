import type { KeyState, Model, Storage } from '../../api/types';
import { nameProblems } from '../../domain/names';
import { formatBytes, parseQuantity, quantityProblem } from '../../domain/quantity';
import type { Problems } from '../../domain/rows';
import { subPathProblem, tokenProblem, variableProblem } from '../../domain/variables';

import type { DeployForm } from './form';

/** Every field of the form, in the order of the page, with the step that shows it. */
export const STEP_OF_FIELD: Record<string, StepId> = {
  model: 'model', tag: 'model', otherImage: 'model',
  project: 'project', name: 'project', key: 'project',
  gpus: 'resources', cpu: 'resources', memory: 'resources', shm: 'resources', shmSize: 'resources',
  nodeSelector: 'resources', replicas: 'resources', storage: 'resources', size: 'resources',
  claim: 'resources', subPath: 'resources', strategy: 'resources',
  protocol: 'access', access: 'access', tokens: 'access', env: 'access', args: 'access',
};

export const STEPS = ['model', 'project', 'resources', 'access', 'review'] as const;
export type StepId = (typeof STEPS)[number];

/** What is around the form and decides what it may hold. */
export interface Around {
  model: Model | undefined;
  keyState: KeyState | undefined;
  hasEnteredKey: boolean;
  collectKeys: boolean;
  taken: readonly string[];
}

/** Find what is wrong, field by field. */
export function findProblems(form: DeployForm, around: Around): Problems {
  const found: Problems = {
    ...modelProblems(form, around),
    name: [
      ...nameProblems(form.name, form.project),
      ...(around.taken.includes(form.name) ? ['A deployment of this name is there already.'] : []),
    ],
    project: form.project ? [] : ['Choose a project.'],
    key: keyProblems(form, around),
    cpu: text(quantityProblem(form.cpu, '2')),
    memory: text(quantityProblem(form.memory, '8Gi')),
    shmSize: text(quantityProblem(form.shmSize, '2Gi')),
    ...storageProblems(form),
    ...rowProblems(form),
  };
  return Object.fromEntries(Object.entries(found).filter(([, list]) => list && list.length > 0));
}

/** The first step that has a problem; review when none has. */
export function firstBadStep(problems: Problems): StepId {
  const bad = Object.keys(problems).map((field) => stepOf(field));
  return STEPS.find((step) => bad.includes(step)) ?? 'review';
}

/** The problems of one step. */
export function problemsOf(step: StepId, problems: Problems): [string, string[]][] {
  return Object.entries(problems)
    .filter(([field]) => stepOf(field) === step)
    .map(([field, list]) => [field, list ?? []]);
}

function stepOf(field: string): StepId {
  return STEP_OF_FIELD[field.split('.')[0] ?? ''] ?? 'review';
}

function text(problem: string): string[] {
  return problem ? [problem] : [];
}

function modelProblems(form: DeployForm, { model }: Around): Problems {
  if (form.otherImage) {
    return { otherImage: text(imageProblem(form.otherImage)) };
  }
  if (!form.model || !model) {
    return { model: ['Choose a model.'] };
  }
  return { tag: form.tag ? [] : ['Choose a tag.'] };
}

/** A full reference, with a tag or a digest. */
export function imageProblem(image: string): string {
  const good = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/.test(image);
  return good ? '' : 'A full reference: registry.example.com/team/name:tag.';
}

function keyProblems(form: DeployForm, around: Around): string[] {
  if (!around.collectKeys || form.key === 'none' || around.hasEnteredKey || !form.project) {
    return [];
  }
  if (form.key === 'own') {
    return ['Enter the deployment’s own key and check it.'];
  }
  switch (around.keyState?.kind) {
    case 'absent':
      return ['The project has no key yet. Enter one and check it.'];
    case 'incomplete':
    case 'differing':
      return ['The project’s key is broken. Enter it once more.'];
    case 'foreign':
      return ['The project’s Secrets are not ours. Give the deployment a key of its own.'];
    default:
      return [];
  }
}

function storageProblems(form: DeployForm): Problems {
  if (form.storage === 'existing') {
    return {
      claim: form.claim ? [] : ['Choose a claim.'],
      subPath: text(subPathProblem(form.subPath)),
    };
  }
  return { size: text(quantityProblem(form.size, '50Gi')) };
}

function rowProblems(form: DeployForm): Problems {
  const found: Problems = {};
  form.env.forEach((row, place) => {
    const others = form.env.filter((_, other) => other < place).map((other) => other.name);
    const incomplete = row.source !== 'value' && (!row.from || !row.fromKey);
    found[`env.${row.id}`] = [
      ...text(variableProblem(row.name, row.value, others)),
      ...(incomplete ? ['Name the object and its key.'] : []),
    ];
  });
  form.tokens.forEach((row, place) => {
    const others = form.tokens.filter((_, other) => other < place).map((other) => other.name);
    found[`tokens.${row.id}`] = form.auth ? text(tokenProblem(row.name, others)) : [];
  });
  form.nodeSelector.forEach((row) => {
    found[`nodeSelector.${row.id}`] = row.name ? [] : ['A label’s name is needed.'];
  });
  if (/nvapi-/.test(form.args)) {
    found['args'] = ['An argument holds an NGC API key. Store the key in the project instead.'];
  }
  return found;
}

/** A claim that is smaller than the weights. */
export function sizeWarning(form: DeployForm, model: Model | undefined): string {
  const size = parseQuantity(form.size);
  if (form.storage !== 'new' || size === null || !model?.weightsBytes || size >= model.weightsBytes) {
    return '';
  }
  return `The weights need ${formatBytes(model.weightsBytes)}. Use ${model.proposedStorage} or more.`;
}

/** Several replicas on a volume that one node can mount. */
export function accessModeWarning(form: DeployForm, storage: Storage | undefined): string {
  const claim = storage?.claims.find(({ name }) => name === form.claim);
  const modes = form.storage === 'new' ? [form.accessMode] : (claim?.accessModes ?? []);
  if (form.replicas < 2 || modes.length === 0 || modes.some((mode) => mode.endsWith('Many'))) {
    return '';
  }
  return modes.includes('ReadWriteOncePod')
    ? 'Only one pod can mount this volume: use one replica, or ReadWriteMany.'
    : 'All replicas must run on one node to share this volume. ReadWriteMany has no such limit.';
}
