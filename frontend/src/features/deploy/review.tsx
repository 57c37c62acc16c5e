import { Label, List, ListItem } from '@patternfly/react-core';

import type { Model, Plan } from '../../api/types';
import type { Fact } from '../../components/Facts';
import type { EnvRow } from '../../domain/rows';
import { looksSecret } from '../../domain/variables';

import { PROTOCOLS } from './AccessStep';
import type { DeployForm } from './form';

export interface ReviewAround {
  model: Model | undefined;
  collectKeys: boolean;
  hasEnteredKey: boolean;
  profileName: string;
}

export type ReviewSection = [title: string, facts: Fact[]];

/** Every value that was decided, once, in the order of the steps. */
export function reviewSections(form: DeployForm, plan: Plan, around: ReviewAround): ReviewSection[] {
  return [
    ['Model', modelFacts(form, plan, around)],
    ['Project and key', projectFacts(form, around)],
    ['Resources', resourceFacts(form, plan, around)],
    ['Storage', storageFacts(form, plan)],
    ['Protocol and access', accessFacts(form, plan)],
  ];
}

function modelFacts(form: DeployForm, plan: Plan, { model }: ReviewAround): Fact[] {
  return [
    ['Model', form.otherImage ? 'Another image' : (model?.displayName ?? form.model)],
    ['Image', plan.image],
    [
      'EU',
      model?.euRestricted && (
        <Label isCompact color="orange">
          Not offered in the EU
        </Label>
      ),
    ],
  ];
}

function projectFacts(form: DeployForm, around: ReviewAround): Fact[] {
  return [
    ['Project', form.project],
    ['Name', form.name],
    ['Display name', form.displayName],
    ['Description', form.description],
    ['Key', keyText(form, around)],
  ];
}

function keyText(form: DeployForm, { collectKeys, hasEnteredKey }: ReviewAround): string {
  if (!collectKeys) {
    return 'None: this cluster collects no keys';
  }
  if (form.key === 'none') {
    return 'None';
  }
  const whose = form.key === 'own' ? 'The deployment’s own' : 'The project’s';
  return hasEnteredKey ? `${whose}, stored when you deploy` : whose;
}

function resourceFacts(form: DeployForm, plan: Plan, { profileName }: ReviewAround): Fact[] {
  const labels = form.hardwareProfile ? [] : form.nodeSelector;
  return [
    ['Hardware profile', profileName],
    ['GPUs', String(form.gpus)],
    ['CPU', form.cpu],
    ['Memory', form.memory],
    ['Shared memory', form.shmSize],
    ['Node labels', labels.map(({ name, value }) => `${name}=${value}`).join(', ')],
    ['Replicas', String(form.replicas)],
    ['Update strategy', strategyText(plan)],
  ];
}

function strategyText(plan: Plan): string {
  const text = plan.strategy === 'Recreate' ? 'Old pod goes first' : 'New pod first';
  return plan.strategyReason ? `${text}: ${plan.strategyReason}` : text;
}

function storageFacts(form: DeployForm, plan: Plan): Fact[] {
  return form.storage === 'new'
    ? [
        ['New volume', plan.claim],
        ['Size', form.size],
        ['Storage class', form.storageClass || 'Default'],
        ['Access mode', form.accessMode],
      ]
    : [
        ['Existing volume', plan.claim],
        ['Folder', form.subPath],
      ];
}

function accessFacts(form: DeployForm, plan: Plan): Fact[] {
  const args = form.args.split('\n').filter((line) => line.trim());
  return [
    ['Protocol', PROTOCOLS[form.protocol]],
    ['From outside', form.expose ? 'Yes' : 'No'],
    ['Token needed', form.auth ? 'Yes' : 'No'],
    ['Tokens', form.auth ? form.tokens.map(({ name }) => name).join(', ') : ''],
    ['Addresses', plan.endpoints.length > 0 && <Lines lines={plan.endpoints.map(({ url }) => url)} />],
    ['Environment variables', form.env.length > 0 && <Lines lines={form.env.map(variableText)} />],
    ['Arguments', args.length > 0 && <Lines lines={args} />],
  ];
}

/** A variable as it may be shown: what looks like a secret is masked. */
export function variableText(row: EnvRow): string {
  if (row.source !== 'value') {
    const kind = row.source === 'secret' ? 'Secret' : 'ConfigMap';
    return `${row.name} from ${kind} ${row.from}, key ${row.fromKey}`;
  }
  return `${row.name}=${looksSecret(row.name) && row.value ? '••••••' : row.value}`;
}

function Lines({ lines }: { lines: readonly string[] }) {
  return (
    <List isPlain>
      {lines.map((line, place) => (
        <ListItem key={`${place} ${line}`}>{line}</ListItem>
      ))}
    </List>
  );
}
