import { Content, FormSelect, FormSelectOption } from '@patternfly/react-core';

import type { Protocol, Specification } from '../../api/types';
import { EnvRows } from '../../components/EnvRows';
import { Field, NumberField, TextField } from '../../components/fields';
import type { Problems } from '../../domain/rows';

import type { EditForm } from './edit';

interface EditFieldsProps {
  form: EditForm;
  spec: Specification;
  problems: Problems;
  onSet: (values: Partial<EditForm>) => void;
}

/** What it is called, which version it runs, and which protocol it speaks. */
export function EditDeployment({ form, spec, problems, onSet }: EditFieldsProps) {
  const tags = spec.tags.includes(form.tag) ? spec.tags : [form.tag, ...spec.tags];
  return (
    <>
      <TextField id="displayName" label="Display name" value={form.displayName} onChange={(displayName) => onSet({ displayName })} />
      <TextField id="description" label="Description" lines={2} value={form.description} onChange={(description) => onSet({ description })} />
      <Field id="tag" label="Tag" problems={problems['tag']} hint={`Of ${spec.model ?? spec.image}`}>
        <FormSelect id="tag" value={form.tag} aria-describedby="tag-hint" onChange={(_, tag) => onSet({ tag })}>
          {tags.map((tag) => (
            <FormSelectOption key={tag} value={tag} label={tag === spec.tag ? `${tag} (now)` : tag} />
          ))}
        </FormSelect>
      </Field>
      {spec.protocols.length > 1 && (
        <Field id="protocol" label="Protocol">
          <FormSelect id="protocol" value={form.protocol} onChange={(_, protocol) => onSet({ protocol: protocol as Protocol })}>
            {spec.protocols.map((protocol) => (
              <FormSelectOption key={protocol} value={protocol} label={protocol === 'grpc' ? 'gRPC' : 'HTTP (REST)'} />
            ))}
          </FormSelect>
        </Field>
      )}
    </>
  );
}

/** Compute, replicas, and the size of its volume. */
export function EditResources({ form, spec, problems, onSet }: EditFieldsProps) {
  return (
    <>
      <NumberField id="gpus" label="GPUs" min={0} max={64} value={form.gpus} onChange={(gpus) => onSet({ gpus })} />
      <TextField id="cpu" label="CPU" value={form.cpu} problems={problems['cpu']} onChange={(cpu) => onSet({ cpu })} />
      <TextField id="memory" label="Memory" value={form.memory} problems={problems['memory']} onChange={(memory) => onSet({ memory })} />
      <NumberField id="replicas" label="Replicas" min={1} max={99} value={form.replicas} onChange={(replicas) => onSet({ replicas })} />
      <Field id="strategy" label="Update strategy">
        <FormSelect id="strategy" value={form.strategy} onChange={(_, strategy) => onSet({ strategy: strategy as EditForm['strategy'] })}>
          <FormSelectOption value="RollingUpdate" label="New pod first (rolling update)" />
          <FormSelectOption value="Recreate" label="Old pod goes first (recreate)" />
        </FormSelect>
      </Field>
      {spec.storageSize !== null && (
        <TextField
          id="storageSize"
          label={`Size of the volume ${spec.claim ?? ''}`}
          value={form.storageSize}
          problems={problems['storageSize']}
          hint="It can grow, and never shrink."
          onChange={(storageSize) => onSet({ storageSize })}
        />
      )}
    </>
  );
}

/** What its container is given. */
export function EditContainer({ form, problems, onSet }: EditFieldsProps) {
  const unseen = [...form.hidden, ...form.kept];
  return (
    <>
      <EnvRows rows={form.env} problems={problems} onChange={(env) => onSet({ env })} />
      {unseen.length > 0 && (
        <Content component="small">These variables stay as they are: {unseen.join(', ')}.</Content>
      )}
      <TextField
        id="args"
        label="Arguments"
        lines={3}
        value={form.args}
        hint="One per line, as the container gets them."
        onChange={(args) => onSet({ args })}
      />
    </>
  );
}
