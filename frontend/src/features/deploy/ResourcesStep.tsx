import { Form, FormSection, FormSelect, FormSelectOption } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';

import type { Hardware, Model, Profile, Storage } from '../../api/types';
import { FindingList } from '../../components/FindingList';
import { QueryView } from '../../components/QueryView';
import { gpuText } from '../../domain/modelFilter';
import { Field, NumberField, TextField } from '../../components/fields';
import { PairRows } from '../../components/PairRows';

import { accessModeWarning } from './checks';
import type { DeployForm } from './form';
import { FreeGpus } from './FreeGpus';
import type { StepProps } from './StepProps';
import { StorageFields } from './StorageFields';

interface ResourcesStepProps extends StepProps {
  hardware: UseQueryResult<Hardware>;
  storage: UseQueryResult<Storage>;
}

/** Compute of one replica, how many of them, and where the weights are kept. */
export function ResourcesStep(props: ResourcesStepProps) {
  const { form, dispatch, problems, model, hardware, storage } = props;
  const set = (values: Partial<DeployForm>) => dispatch({ type: 'set', values });
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormSection title="Resources of one replica" titleElement="h2">
        <QueryView query={hardware} label="hardware" rows={2}>
          {(data) => (
            <>
              <FindingList findings={data.findings} />
              {data.profiles.length > 0 && (
                <ProfileField form={form} profiles={data.profiles} onSet={set} />
              )}
            </>
          )}
        </QueryView>
        <NumberField
          id="gpus"
          label="GPUs"
          min={0}
          max={64}
          value={form.gpus}
          hint={gpuHint(model)}
          warning={gpuWarning(props)}
          onChange={(gpus) => set({ gpus })}
        />
        {hardware.data?.gpus.known && (
          <FreeGpus gpus={hardware.data.gpus} wanted={form.gpus * Math.max(1, form.replicas)} />
        )}
        <TextField
          id="cpu"
          label="CPU"
          isRequired
          value={form.cpu}
          problems={problems['cpu']}
          onChange={(cpu) => set({ cpu })}
        />
        <TextField
          id="memory"
          label="Memory"
          isRequired
          value={form.memory}
          problems={problems['memory']}
          onChange={(memory) => set({ memory })}
        />
        <TextField
          id="shmSize"
          label="Shared memory"
          isRequired
          value={form.shmSize}
          problems={problems['shmSize']}
          hint="Counts as memory of the pod."
          onChange={(shmSize) => set({ shmSize })}
        />
        {!form.hardwareProfile && (
          <PairRows
            id="nodeSelector"
            label="Node labels"
            nameLabel="Label"
            valueLabel="Value"
            addText="Add a node label"
            rows={form.nodeSelector}
            problems={problems}
            onChange={(nodeSelector) => set({ nodeSelector })}
          />
        )}
      </FormSection>
      <FormSection title="Replicas" titleElement="h2">
        <NumberField
          id="replicas"
          label="Replicas"
          min={1}
          max={99}
          value={form.replicas}
          warning={accessModeWarning(form, storage.data)}
          onChange={(replicas) => set({ replicas })}
        />
        <Field
          id="strategy"
          label="Update strategy"
          hint="Chosen for you: the old pod goes first where no second set of GPUs is free."
        >
          <FormSelect
            id="strategy"
            value={form.strategy}
            aria-describedby="strategy-hint"
            onChange={(_, strategy) => set({ strategy: strategy as DeployForm['strategy'] })}
          >
            <FormSelectOption value="auto" label="As the GPUs allow" />
            <FormSelectOption value="RollingUpdate" label="New pod first (rolling update)" />
            <FormSelectOption value="Recreate" label="Old pod goes first (recreate)" />
          </FormSelect>
        </Field>
      </FormSection>
      <StorageFields {...props} />
    </Form>
  );
}

function gpuHint(model: Model | undefined): string {
  return model?.gpu ? `NVIDIA says: ${gpuText(model)}.` : 'NVIDIA does not say how many it needs.';
}

function gpuWarning({ form, model }: ResourcesStepProps): string {
  const need = model?.gpu;
  if (!need) {
    return '';
  }
  if (form.gpus === 0 && need.required) {
    return 'This model does not run without a GPU.';
  }
  return form.gpus > 0 && need.counts.length > 0 && !need.counts.includes(form.gpus)
    ? `NVIDIA publishes profiles for ${need.counts.join(', ')} GPUs, not for ${form.gpus}.`
    : '';
}

interface ProfileFieldProps {
  form: DeployForm;
  profiles: readonly Profile[];
  onSet: (values: Partial<DeployForm>) => void;
}

function ProfileField({ form, profiles, onSet }: ProfileFieldProps) {
  const chosen = profiles.find(({ name }) => name === form.hardwareProfile);
  const choose = (name: string) =>
    onSet({ hardwareProfile: name, ...amounts(profiles.find((one) => one.name === name)) });
  return (
    <Field id="hardwareProfile" label="Hardware profile" hint={chosen?.description}>
      <FormSelect
        id="hardwareProfile"
        value={form.hardwareProfile}
        aria-describedby="hardwareProfile-hint"
        onChange={(_, name) => choose(name)}
      >
        <FormSelectOption value="" label="None: set the amounts below" />
        {profiles.map(({ name, displayName, project }) => (
          <FormSelectOption
            key={`${project}/${name}`}
            value={name}
            label={displayName && displayName !== name ? `${displayName} (${name})` : name}
          />
        ))}
      </FormSelect>
    </Field>
  );
}

/** A profile's own amounts. */
export function amounts(profile: Profile | undefined): Partial<DeployForm> {
  const values: Partial<DeployForm> = {};
  for (const { resource, default: amount } of profile?.identifiers ?? []) {
    if (resource === 'cpu') {
      values.cpu = amount;
    } else if (resource === 'memory') {
      values.memory = amount;
    } else if (resource.endsWith('/gpu')) {
      values.gpus = Number(amount) || 0;
    }
  }
  return values;
}
