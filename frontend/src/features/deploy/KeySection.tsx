import { Button, FormGroup, FormSection, Radio } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';

import type { KeyState, Session } from '../../api/types';
import { Alert } from '../../components/Alert';
import { FindingList } from '../../components/FindingList';
import { Hint } from '../../components/Hint';
import { KeyEntry, type AcceptedKey } from '../../components/KeyEntry';
import { KeyFacts } from '../../components/KeyFacts';
import { QueryView } from '../../components/QueryView';

import type { StepProps } from './StepProps';

/** A key that was entered, and what it was entered for; in memory only. */
export interface EnteredKey extends AcceptedKey {
  project: string;
  kind: 'project' | 'own';
}

interface KeySectionProps extends StepProps {
  session: Session;
  keyState: UseQueryResult<KeyState>;
  entered: EnteredKey | null;
  onEntered: (key: EnteredKey | null) => void;
}

/** The project's key, a key of the deployment's own, or none. */
export function KeySection(props: KeySectionProps) {
  const { form, dispatch, problems, model, keyState, entered, onEntered } = props;
  const choose = (key: 'project' | 'own' | 'none') => dispatch({ type: 'set', values: { key } });
  const mine = entered?.project === form.project && entered.kind === form.key ? entered : null;
  const accept = (key: AcceptedKey) =>
    onEntered({ ...key, project: form.project, kind: form.key === 'own' ? 'own' : 'project' });
  return (
    <FormSection title="Key" titleElement="h2">
      <FormGroup role="radiogroup" label="Which key" fieldId="key-project">
        <Radio
          id="key-project"
          name="key"
          label="The project’s key"
          description="Shared by all deployments of the project."
          isChecked={form.key === 'project'}
          onChange={() => choose('project')}
        />
        <Radio
          id="key-own"
          name="key"
          label="A key of this deployment’s own"
          description="Kept in Secrets of its own and deleted with it."
          isChecked={form.key === 'own'}
          onChange={() => choose('own')}
        />
        {model?.keyRequired === false && (
          <Radio
            id="key-none"
            name="key"
            label="No key"
            description="This model needs none."
            isChecked={form.key === 'none'}
            onChange={() => choose('none')}
          />
        )}
        <Hint problems={problems['key']} />
      </FormGroup>
      {form.key === 'project' && (
        <QueryView query={keyState} label="the state of the project’s key" rows={2}>
          {(state) => <ProjectKey {...props} state={state} mine={mine} accept={accept} />}
        </QueryView>
      )}
      {form.key === 'own' && <Enter {...props} mine={mine} accept={accept} onAgain={() => onEntered(null)} />}
    </FormSection>
  );
}

interface EnterProps extends KeySectionProps {
  mine: EnteredKey | null;
  accept: (key: AcceptedKey) => void;
}

function ProjectKey(props: EnterProps & { state: KeyState }) {
  const { state, onEntered } = props;
  if (state.kind === 'ours' || state.kind === 'foreign') {
    return <KeyFacts state={state} />;
  }
  if (!state.canChange) {
    return (
      <Alert isInline variant="warning" title="The project has no key that works, and you may not store one">
        You need: {state.missing.join(', ')}. Ask an administrator of the project.
      </Alert>
    );
  }
  return (
    <>
      {state.kind !== 'absent' && <KeyFacts state={state} />}
      <Enter {...props} onAgain={() => onEntered(null)} />
    </>
  );
}

function Enter({ form, model, session, mine, accept, onAgain }: EnterProps & { onAgain: () => void }) {
  // A new field after every change of mind: nothing of the last key stays in it.
  const [round, setRound] = useState(0);
  const image = form.otherImage || (model ? `${model.image}:${form.tag}` : '');
  if (mine) {
    const again = () => {
      setRound(round + 1);
      onAgain();
    };
    return <Accepted accepted={mine} session={session} onAgain={again} />;
  }
  return (
    <KeyEntry
      key={`${form.key} ${round}`}
      id="api-key"
      action={session.validateKeys ? 'Check key' : 'Use key'}
      images={image ? [image] : []}
      onAccepted={accept}
      isNested
    />
  );
}

interface AcceptedProps {
  accepted: EnteredKey;
  session: Session;
  onAgain: () => void;
}

function Accepted({ accepted, session, onAgain }: AcceptedProps) {
  const { check, skipCheck } = accepted;
  const unchecked = skipCheck || check.state !== 'valid' || !session.validateKeys;
  const notes = check.notice ? ` ${check.notice}.` : '';
  return (
    <>
      <Alert
        isInline
        isLiveRegion
        variant={unchecked ? 'warning' : 'success'}
        title={unchecked ? 'The key was not checked' : 'NVIDIA accepts the key'}
        actionLinks={
          <Button variant="link" isInline onClick={onAgain}>
            Enter another key
          </Button>
        }
      >
        It is stored when you deploy, and is lost if you reload this page.{notes}
      </Alert>
      <FindingList findings={[...check.notices, ...check.pulls]} />
    </>
  );
}
