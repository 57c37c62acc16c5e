import { Label, List, ListItem, Stack, StackItem } from '@patternfly/react-core';

import type { KeyState } from '../api/types';
import { ago, dateOf, daysUntil } from '../domain/time';

import { Alert } from './Alert';
import { Facts } from './Facts';

const WARN_DAYS = 14;

const WORDS: Record<KeyState['kind'], [text: string, status: 'success' | 'warning' | 'danger']> = {
  ours: ['Stored', 'success'],
  absent: ['No key', 'warning'],
  foreign: ['Secrets of somebody else', 'danger'],
  incomplete: ['Incomplete', 'danger'],
  differing: ['The two Secrets differ', 'danger'],
};

/** What is stored for a project: state and dates, never the key. */
export function KeyFacts({ state }: { state: KeyState }) {
  const [text, status] = WORDS[state.kind];
  return (
    <Stack hasGutter>
      <StackItem>
        <Facts
          facts={[
            ['State', <Label key="state" status={status}>{text}</Label>],
            ['Stored since', state.since && ago(state.since)],
            ['Last checked', state.kind === 'ours' ? checked(state.checkedAt) : ''],
            ['Expires', state.expires && dateOf(state.expires)],
            ['Secrets', state.kind !== 'absent' && `${state.keySecret}, ${state.pullSecret}`],
          ]}
        />
      </StackItem>
      <StackItem>
        <KeyWarnings state={state} />
      </StackItem>
    </Stack>
  );
}

function checked(at: string | null): string {
  return at ? ago(at) : 'not checked';
}

function KeyWarnings({ state }: { state: KeyState }) {
  const days = state.expires ? daysUntil(state.expires) : null;
  return (
    <>
      {days !== null && days <= WARN_DAYS && (
        <Alert
          isInline
          variant={days < 0 ? 'danger' : 'warning'}
          title={days < 0 ? 'The key has expired' : `The key expires in ${days} days`}
        >
          Make a new personal key at NVIDIA and replace this one.
        </Alert>
      )}
      {state.kind === 'foreign' && (
        <Alert isInline variant="danger" title="Secrets of these names are not ours">
          They are never overwritten. Give the deployment a key of its own, or take them over with
          the clean-up of the old integration.
          <List>
            {state.foreign.map((one) => (
              <ListItem key={one.name}>
                {one.name}: {one.seems}
              </ListItem>
            ))}
          </List>
        </Alert>
      )}
      {(state.kind === 'incomplete' || state.kind === 'differing') && (
        <Alert isInline variant="warning" title="Enter the key once more to repair it">
          {state.kind === 'differing'
            ? 'The container would get another key than the one the image is pulled with.'
            : 'One of the two Secrets, or a field of it, is missing.'}
        </Alert>
      )}
    </>
  );
}
