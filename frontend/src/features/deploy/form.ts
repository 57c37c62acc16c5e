import type { DeployRequest, Model, Protocol } from '../../api/types';
import { preselectedTag } from '../../domain/modelFilter';
import { proposeFreeName } from '../../domain/names';
import { toVariable, type EnvRow, type PairRow } from '../../domain/rows';

/** Everything that a person decides; never a key. It survives a reload as it stands. */
export interface DeployForm {
  model: string;
  tag: string;
  otherImage: string;
  project: string;
  name: string;
  nameEdited: boolean;
  displayName: string;
  description: string;
  key: 'project' | 'own' | 'none';
  hardwareProfile: string;
  gpus: number;
  cpu: string;
  memory: string;
  shmSize: string;
  nodeSelector: PairRow[];
  replicas: number;
  strategy: 'auto' | 'RollingUpdate' | 'Recreate';
  storage: 'new' | 'existing';
  size: string;
  storageClass: string;
  accessMode: 'ReadWriteOnce' | 'ReadWriteMany' | 'ReadWriteOncePod';
  claim: string;
  subPath: string;
  protocol: Protocol;
  expose: boolean;
  auth: boolean;
  tokens: PairRow[];
  env: EnvRow[];
  args: string;
  pin: boolean;
}

export const EMPTY_FORM: DeployForm = {
  model: '', tag: '', otherImage: '', project: '', name: '', nameEdited: false, displayName: '',
  description: '', key: 'project', hardwareProfile: '', gpus: 1, cpu: '2', memory: '8Gi',
  shmSize: '2Gi', nodeSelector: [], replicas: 1, strategy: 'auto', storage: 'new', size: '50Gi',
  storageClass: '', accessMode: 'ReadWriteOnce', claim: '', subPath: '', protocol: 'http',
  expose: false, auth: false, tokens: [], env: [], args: '', pin: false,
};

export type FormAction =
  | { type: 'set'; values: Partial<DeployForm> }
  | { type: 'model'; model: Model; tag?: string; taken?: readonly string[] }
  | { type: 'otherImage'; image: string }
  | { type: 'project'; project: string; model: Model | undefined; taken?: readonly string[] }
  | { type: 'name'; name: string }
  | { type: 'reset' };

/** The one place where the form changes. */
export function reduceForm(form: DeployForm, action: FormAction): DeployForm {
  switch (action.type) {
    case 'set':
      return { ...form, ...action.values };
    case 'model':
      return withModel(form, action);
    case 'otherImage':
      return { ...form, model: '', tag: '', otherImage: action.image, protocol: form.protocol };
    case 'project':
      return withProject(form, action);
    case 'name':
      return { ...form, name: action.name, nameEdited: action.name !== '' };
    case 'reset':
      return EMPTY_FORM;
  }
}

function withModel(form: DeployForm, action: FormAction & { type: 'model' }): DeployForm {
  const { model, tag, taken = [] } = action;
  const same = form.model === model.key;
  const next: DeployForm = {
    ...form,
    model: model.key,
    otherImage: '',
    tag: tag && model.tags.includes(tag) ? tag : same ? form.tag : preselectedTag(model),
  };
  if (same) {
    return next;
  }
  return {
    ...next,
    size: model.proposedStorage,
    protocol: model.protocols.includes('http') ? 'http' : (model.protocols[0] ?? 'http'),
    gpus: proposedGpus(model),
    key: model.keyRequired ? 'project' : form.key,
    name: form.nameEdited ? form.name : proposeFreeName(model.name, form.project, taken),
  };
}

function withProject(form: DeployForm, action: FormAction & { type: 'project' }): DeployForm {
  const { project, model, taken = [] } = action;
  const proposed = model ? proposeFreeName(model.name, project, taken) : form.name;
  return {
    ...form,
    project,
    name: form.nameEdited ? form.name : proposed,
    // What was chosen in another project is not there.
    ...(project === form.project ? {} : { claim: '', subPath: '', hardwareProfile: '' }),
  };
}

function proposedGpus(model: Model): number {
  if (!model.gpu) {
    return 1;
  }
  return model.gpu.required ? Math.min(...(model.gpu.counts.length ? model.gpu.counts : [1])) : 0;
}

/** What is asked of the server; what the form leaves empty is left out. */
export function toRequest(form: DeployForm, profileProject: string, ownKey?: string): DeployRequest {
  return {
    ...(form.otherImage ? { otherImage: form.otherImage } : { model: form.model, tag: form.tag }),
    name: form.name,
    displayName: form.displayName,
    description: form.description,
    key: form.key,
    ...(ownKey && form.key !== 'none' ? { ownKey } : {}),
    ...resources(form, profileProject),
    replicas: form.replicas,
    storage: storage(form),
    protocol: form.protocol,
    expose: form.expose,
    auth: form.auth,
    tokens: form.auth ? form.tokens.map((token) => token.name) : [],
    env: form.env.map(toVariable),
    args: form.args.split('\n').map((line) => line.trim()).filter(Boolean),
    strategy: form.strategy,
    pin: form.pin,
  };
}

function resources(form: DeployForm, profileProject: string): Partial<DeployRequest> {
  const selector = Object.fromEntries(form.nodeSelector.map(({ name, value }) => [name, value]));
  return {
    gpus: form.gpus,
    cpu: form.cpu,
    memory: form.memory,
    shmSize: form.shmSize,
    ...(form.hardwareProfile
      ? { hardwareProfile: { name: form.hardwareProfile, project: profileProject || null } }
      : { nodeSelector: selector }),
  };
}

function storage(form: DeployForm): DeployRequest['storage'] {
  if (form.storage === 'existing') {
    return { kind: 'existing', claim: form.claim, subPath: form.subPath || null };
  }
  return {
    kind: 'new',
    size: form.size,
    storageClass: form.storageClass || null,
    accessMode: form.accessMode,
  };
}
