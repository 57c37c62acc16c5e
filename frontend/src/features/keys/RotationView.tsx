import { List, ListItem, Stack, StackItem } from '@patternfly/react-core';

import { Alert } from '../../components/Alert';
import { Explanations } from '../../components/Explanations';
import { FindingList } from '../../components/FindingList';
import { ProblemAlert } from '../../components/ProblemAlert';

import type { Rotation } from './useRotation';

const CHANGES = {
  created: 'The key was stored',
  replaced: 'The key was replaced',
  repaired: 'The key was repaired',
  unchanged: 'This key was stored already',
} as const;

/** How the replacement of a key goes, deployment by deployment. */
export function RotationView({ rotation }: { rotation: Rotation }) {
  const { state, text, restarts, done, problem } = rotation;
  return (
    <Stack hasGutter>
      {state === 'running' && (
        <StackItem>
          <Alert isInline isLiveRegion variant="info" title={text || 'The key is being replaced'}>
            The server goes on if you leave this page.
          </Alert>
        </StackItem>
      )}
      {problem && (
        <StackItem>
          <ProblemAlert error={problem} title="The key was not replaced" />
        </StackItem>
      )}
      {done && (
        <StackItem>
          <Alert
            isInline
            isLiveRegion
            variant={done.failed.length > 0 ? 'warning' : 'success'}
            title={CHANGES[done.change]}
          >
            {done.pending.length > 0 &&
              `These use the old key until their next start: ${done.pending.join(', ')}. `}
            {done.failed.length > 0 && `These do not run with it: ${done.failed.join(', ')}. `}
            {done.notRotated.length > 0 &&
              `These have keys of their own, which are as they were: ${done.notRotated.join(', ')}.`}
          </Alert>
          <FindingList findings={done.notices} />
        </StackItem>
      )}
      {restarts.length > 0 && (
        <StackItem>
          <List>
            {restarts.map((one) => (
              <ListItem key={one.name}>
                {one.name}: {one.word}. {one.message}
                {one.oldServes && ' A pod with the old key still serves.'}
                <Explanations explanations={one.explanations} />
              </ListItem>
            ))}
          </List>
        </StackItem>
      )}
    </Stack>
  );
}
