import { FormGroup, FormSection, FormSelect, FormSelectOption, Radio } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';

import type { Claim, Storage } from '../../api/types';
import { Alert } from '../../components/Alert';
import { FindingList } from '../../components/FindingList';
import { QueryView } from '../../components/QueryView';
import { formatBytes } from '../../domain/quantity';
import { Field, TextField } from '../../components/fields';

import { sizeWarning } from './checks';
import type { DeployForm } from './form';
import type { StepProps } from './StepProps';

interface StorageFieldsProps extends StepProps {
  storage: UseQueryResult<Storage>;
}

type Setter = (values: Partial<DeployForm>) => void;

/** A new claim for the weights, or one that is there. */
export function StorageFields(props: StorageFieldsProps) {
  const { form, dispatch, storage } = props;
  const set: Setter = (values) => dispatch({ type: 'set', values });
  return (
    <FormSection title="Storage of the weights" titleElement="h2">
      <FormGroup role="radiogroup" label="Volume" fieldId="storage-new">
        <Radio
          id="storage-new"
          name="storage"
          label="A new volume"
          description="Stays when the deployment is deleted, unless you delete it too."
          isChecked={form.storage === 'new'}
          onChange={() => set({ storage: 'new' })}
        />
        <Radio
          id="storage-existing"
          name="storage"
          label="A volume that is there"
          description="Weights that are on it are not downloaded again."
          isChecked={form.storage === 'existing'}
          onChange={() => set({ storage: 'existing' })}
        />
      </FormGroup>
      <QueryView query={storage} label="storage" rows={2}>
        {(data) => (
          <>
            <FindingList findings={data.findings} />
            {form.storage === 'new' ? (
              <NewVolume {...props} data={data} onSet={set} />
            ) : (
              <ExistingVolume {...props} data={data} onSet={set} />
            )}
          </>
        )}
      </QueryView>
    </FormSection>
  );
}

interface VolumeProps extends StepProps {
  data: Storage;
  onSet: Setter;
}

function NewVolume({ form, problems, model, data, onSet }: VolumeProps) {
  const usual = data.classes.find((one) => one.default);
  return (
    <>
      <TextField
        id="size"
        label="Size"
        isRequired
        value={form.size}
        problems={problems['size']}
        warning={sizeWarning(form, model)}
        hint={
          model?.weightsBytes
            ? `The weights need ${formatBytes(model.weightsBytes)}.`
            : 'The size of the weights is not known.'
        }
        onChange={(size) => onSet({ size })}
      />
      <Field
        id="storageClass"
        label="Storage class"
        warning={
          !form.storageClass && !usual
            ? 'The cluster has no default class: a volume without one is never made.'
            : ''
        }
      >
        <FormSelect
          id="storageClass"
          value={form.storageClass}
          aria-describedby="storageClass-hint"
          onChange={(_, storageClass) => onSet({ storageClass })}
        >
          <FormSelectOption value="" label={`Default${usual ? ` (${usual.name})` : ''}`} />
          {data.classes.map((one) => (
            <FormSelectOption key={one.name} value={one.name} label={one.name} />
          ))}
        </FormSelect>
      </Field>
      <Field id="accessMode" label="Access mode">
        <FormSelect
          id="accessMode"
          value={form.accessMode}
          onChange={(_, mode) => onSet({ accessMode: mode as DeployForm['accessMode'] })}
        >
          <FormSelectOption value="ReadWriteOnce" label="One node (ReadWriteOnce)" />
          <FormSelectOption value="ReadWriteMany" label="Any number of nodes (ReadWriteMany)" />
          <FormSelectOption value="ReadWriteOncePod" label="One pod (ReadWriteOncePod)" />
        </FormSelect>
      </Field>
    </>
  );
}

function ExistingVolume({ form, problems, data, onSet }: VolumeProps) {
  const chosen = data.claims.find(({ name }) => name === form.claim);
  const choose = (name: string) =>
    onSet({ claim: name, subPath: data.claims.find((one) => one.name === name)?.subPath ?? '' });
  if (data.claims.length === 0) {
    return <Alert isInline variant="info" title="The project has no volume that could be used" />;
  }
  return (
    <>
      <Field
        id="claim"
        label="Volume"
        isRequired
        problems={problems['claim']}
        warning={chosen?.problem ?? sharedBy(chosen)}
      >
        <FormSelect
          id="claim"
          value={form.claim}
          aria-describedby="claim-hint"
          validated={problems['claim'] ? 'error' : 'default'}
          onChange={(_, claim) => choose(claim)}
        >
          <FormSelectOption value="" label="Choose a volume" />
          {data.claims.map((claim) => (
            <FormSelectOption key={claim.name} value={claim.name} label={claimLabel(claim)} />
          ))}
        </FormSelect>
      </Field>
      <TextField
        id="subPath"
        label="Folder in the volume"
        value={form.subPath}
        problems={problems['subPath']}
        hint="The whole volume if empty."
        onChange={(subPath) => onSet({ subPath })}
      />
    </>
  );
}

function claimLabel(claim: Claim): string {
  const marks = [
    claim.size,
    claim.preloaded && `has ${claim.preloadedImage || 'weights'}`,
    claim.usedBy.length > 0 && 'in use',
    claim.phase !== 'Bound' && claim.phase,
    claim.problem && 'has a problem',
  ].filter(Boolean);
  return `${claim.name} (${marks.join(', ')})`;
}

function sharedBy(claim: Claim | undefined): string {
  return claim?.usedBy.length ? `It is used by ${claim.usedBy.join(', ')} too.` : '';
}
