import {
  ActionList,
  ActionListItem,
  Button,
  Form,
  FormGroup,
  InputGroup,
  InputGroupItem,
  TextInput,
} from '@patternfly/react-core';
import EyeIcon from '@patternfly/react-icons/dist/esm/icons/eye-icon';
import EyeSlashIcon from '@patternfly/react-icons/dist/esm/icons/eye-slash-icon';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState, type SyntheticEvent } from 'react';

import { api, unwrap } from '../api/client';
import type { KeyCheck } from '../api/types';

import { Alert } from './Alert';
import { FindingList } from './FindingList';
import { Hint } from './Hint';
import { ProblemAlert } from './ProblemAlert';

export interface AcceptedKey {
  value: string;
  skipCheck: boolean;
  check: KeyCheck;
}

interface KeyEntryProps {
  id: string;
  /** What the button does: "Check key", "Check and save". */
  action: string;
  /** Images that the key shall be able to pull. */
  images: readonly string[];
  onAccepted: (key: AcceptedKey) => void;
  onCancel?: () => void;
  isBusy?: boolean;
  /** Another form is around it: this one must not be a form itself. */
  isNested?: boolean;
}

/** A field for an NGC API key, which exists in the memory of this page alone. */
export function KeyEntry(props: KeyEntryProps) {
  const { id, action, images, onAccepted, onCancel, isBusy = false, isNested = false } = props;
  const [value, setValue] = useState('');
  const [shown, setShown] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const check = useMutation({
    mutationFn: (key: string) =>
      unwrap(api.POST('/api/v1/key-checks', { body: { key, images: [...images] } })),
    onSuccess: (answer, key) => {
      if (answer.state === 'valid' || answer.state === 'not-checked') {
        onAccepted({ value: key, skipCheck: false, check: answer });
      }
    },
    // The key is not kept among the page's recent calls.
    gcTime: 0,
  });
  const answer = check.data;
  const bad = answer !== undefined && answer.state !== 'valid' && answer.state !== 'not-checked';
  useEffect(() => {
    if (bad) {
      field.current?.focus();
    }
  }, [bad, answer]);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (value.trim()) {
      check.mutate(value);
    }
  };
  const body = (
    <>
      <FormGroup label="NGC API key" isRequired fieldId={id}>
        <InputGroup>
          <InputGroupItem isFill>
            <TextInput
              id={id}
              ref={field}
              type={shown ? 'text' : 'password'}
              value={value}
              autoComplete="off"
              spellCheck={false}
              placeholder="nvapi-…"
              aria-describedby={`${id}-hint`}
              validated={bad ? 'error' : 'default'}
              onChange={(_, text) => {
                setValue(text);
                check.reset();
              }}
              onKeyDown={(event) => {
                if (isNested && event.key === 'Enter') {
                  submit(event);
                }
              }}
            />
          </InputGroupItem>
          <InputGroupItem>
            <Button
              variant="control"
              aria-label={shown ? 'Hide the key' : 'Show the key'}
              icon={shown ? <EyeSlashIcon /> : <EyeIcon />}
              onClick={() => setShown(!shown)}
            />
          </InputGroupItem>
        </InputGroup>
        <Hint id={`${id}-hint`}>
          A personal key, which starts with nvapi-. Make one at org.ngc.nvidia.com under “API Keys”.
        </Hint>
      </FormGroup>
      <Answer
        answer={answer}
        error={check.error}
        onSkip={() => answer && onAccepted({ value, skipCheck: true, check: answer })}
      />
      <ActionList>
        <ActionListItem>
          <Button
            variant={isNested ? 'secondary' : 'primary'}
            type={isNested ? 'button' : 'submit'}
            isLoading={check.isPending || isBusy}
            isDisabled={!value.trim() || check.isPending || isBusy}
            onClick={isNested ? submit : undefined}
          >
            {action}
          </Button>
        </ActionListItem>
        {onCancel && (
          <ActionListItem>
            <Button variant="link" onClick={onCancel}>
              Cancel
            </Button>
          </ActionListItem>
        )}
      </ActionList>
    </>
  );
  return isNested ? body : <Form onSubmit={submit}>{body}</Form>;
}

interface AnswerProps {
  answer: KeyCheck | undefined;
  error: Error | null;
  onSkip: () => void;
}

function Answer({ answer, error, onSkip }: AnswerProps) {
  if (error) {
    return <ProblemAlert error={error} title="The key could not be checked" />;
  }
  if (!answer || answer.state === 'valid' || answer.state === 'not-checked') {
    return null;
  }
  const unclear = answer.state === 'could-not-ask';
  return (
    <>
      <Alert
        isInline
        isLiveRegion
        variant={unclear ? 'warning' : 'danger'}
        title={answer.message}
        actionLinks={
          unclear && (
            <Button variant="link" isInline onClick={onSkip}>
              Use it without a check
            </Button>
          )
        }
      >
        {answer.remedy}
      </Alert>
      <FindingList findings={[...answer.notices, ...answer.pulls]} />
    </>
  );
}
