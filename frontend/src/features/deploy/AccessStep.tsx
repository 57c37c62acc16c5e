import {
  Checkbox,
  Content,
  Form,
  FormGroup,
  FormSection,
  FormSelect,
  FormSelectOption,
} from '@patternfly/react-core';

import type { Protocol } from '../../api/types';
import { Alert } from '../../components/Alert';
import { EnvRows } from '../../components/EnvRows';
import { Field, TextField } from '../../components/fields';
import { PairRows } from '../../components/PairRows';

import type { DeployForm } from './form';
import type { StepProps } from './StepProps';

export const PROTOCOLS: Record<Protocol, string> = { http: 'HTTP (REST)', grpc: 'gRPC' };
const USES: Record<Protocol, string> = {
  http: 'For applications, curl and the OpenAI client; can be reached from outside.',
  grpc: 'For clients that stream or send much, such as Triton’s or Riva’s; inside the cluster only.',
};

/** Which protocol it speaks, who reaches it, and what its container is given. */
export function AccessStep({ form, dispatch, problems, model }: StepProps) {
  const set = (values: Partial<DeployForm>) => dispatch({ type: 'set', values });
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormSection title="Protocol" titleElement="h2">
        <ProtocolField form={form} dispatch={dispatch} problems={problems} model={model} />
      </FormSection>
      <FormSection title="Access" titleElement="h2">
        <FormGroup role="group" label="Who reaches it" fieldId="expose">
          <Checkbox
            id="expose"
            label="Reachable from outside the cluster"
            isChecked={form.expose}
            onChange={(_, expose) => set({ expose })}
          />
          <Checkbox
            id="auth"
            label="Only with a token"
            description="Clients send it as Authorization: Bearer."
            isChecked={form.auth}
            onChange={(_, auth) => set({ auth })}
          />
        </FormGroup>
        <AccessWarnings form={form} />
        {form.auth && (
          <PairRows
            id="tokens"
            label="Tokens"
            nameLabel="Token name"
            addText="Add a token"
            rows={form.tokens}
            problems={problems}
            onChange={(tokens) => set({ tokens })}
          />
        )}
      </FormSection>
      <FormSection title="Container" titleElement="h2">
        <EnvRows rows={form.env} problems={problems} onChange={(env) => set({ env })} />
        <TextField
          id="args"
          label="Arguments"
          lines={3}
          value={form.args}
          problems={problems['args']}
          hint="One per line, as the container gets them."
          onChange={(args) => set({ args })}
        />
      </FormSection>
    </Form>
  );
}

function ProtocolField({ form, dispatch, model }: StepProps) {
  const spoken: readonly Protocol[] = model ? model.protocols : ['http', 'grpc'];
  if (spoken.length === 1) {
    return (
      <FormGroup label="Protocol" fieldId="protocol">
        <Content component="p" id="protocol">
          {PROTOCOLS[form.protocol]}. {model?.protocolReason}
        </Content>
      </FormGroup>
    );
  }
  return (
    <Field id="protocol" label="Protocol" hint={USES[form.protocol]}>
      <FormSelect
        id="protocol"
        value={form.protocol}
        aria-describedby="protocol-hint"
        onChange={(_, protocol) =>
          dispatch({ type: 'set', values: { protocol: protocol as Protocol } })
        }
      >
        {spoken.map((protocol) => (
          <FormSelectOption key={protocol} value={protocol} label={PROTOCOLS[protocol]} />
        ))}
      </FormSelect>
    </Field>
  );
}

function AccessWarnings({ form }: { form: DeployForm }) {
  if (form.protocol === 'grpc' && (form.expose || form.auth)) {
    return (
      <Alert isInline variant="warning" title="Neither outside access nor tokens carry gRPC">
        Dial gRPC inside the cluster, or choose HTTP.
      </Alert>
    );
  }
  if (form.expose && !form.auth) {
    return (
      <Alert
        isInline
        variant="warning"
        title="Everybody who reaches the cluster’s router can use the model"
      >
        Ask for a token, or keep it inside the cluster.
      </Alert>
    );
  }
  return null;
}
