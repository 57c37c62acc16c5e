import {
  ActionList,
  ActionListItem,
  Button,
  Card,
  CardBody,
  CardFooter,
  CardTitle,
  Content,
  List,
  ListItem,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { Link } from 'react-router-dom';

import { api, unwrap } from '../../api/client';
import { keyQuery } from '../../api/queries';
import type { KeyState, KeyStored } from '../../api/types';
import { Alert } from '../../components/Alert';
import { FindingList } from '../../components/FindingList';
import { KeyEntry, type AcceptedKey } from '../../components/KeyEntry';
import { KeyFacts } from '../../components/KeyFacts';
import { ProblemAlert } from '../../components/ProblemAlert';

import { RemoveKeyModal } from './RemoveKeyModal';
import { ReplaceKey } from './ReplaceKey';
import { RotationView } from './RotationView';
import { useRotation } from './useRotation';

interface KeyCardProps {
  state: KeyState;
  validates: boolean;
}

const CHANGES: Record<KeyStored['change'], string> = {
  created: 'The key was stored',
  replaced: 'The key was replaced',
  repaired: 'The key was repaired',
  unchanged: 'This key was stored already',
};

/** A project's key, and what may be done with it. */
export function KeyCard({ state, validates }: KeyCardProps) {
  const { project } = state;
  const [mode, setMode] = useState<'show' | 'enter' | 'remove'>('show');
  const client = useQueryClient();
  const store = useMutation({
    mutationFn: (key: AcceptedKey) =>
      unwrap(
        api.PUT('/api/v1/projects/{project}/key', {
          params: { path: { project } },
          body: { key: key.value, replace: state.kind !== 'absent', skipCheck: key.skipCheck },
        }),
      ),
    gcTime: 0,
    onSuccess: (stored) => {
      client.setQueryData(keyQuery(project).queryKey, stored.key);
      setMode('show');
    },
  });
  const refresh = useCallback(
    () => void client.invalidateQueries({ queryKey: ['key', project] }),
    [client, project],
  );
  const { rotation, start } = useRotation(project, refresh);
  const removed = async () => {
    setMode('show');
    store.reset();
    await client.invalidateQueries({ queryKey: ['key', project] });
  };
  return (
    <Stack hasGutter>
      {store.isSuccess && (
        <StackItem>
          <Alert isInline isLiveRegion variant="success" title={CHANGES[store.data.change]} />
          <FindingList findings={store.data.notices} />
        </StackItem>
      )}
      {store.isError && (
        <StackItem>
          <ProblemAlert error={store.error} title="The key was not stored" />
        </StackItem>
      )}
      {rotation.state !== 'idle' && (
        <StackItem>
          <RotationView rotation={rotation} />
        </StackItem>
      )}
      <StackItem>
        <Card>
          <CardTitle component="h2">Key of {project}</CardTitle>
          <CardBody>
            <KeyFacts state={state} />
            {!state.canChange && <NoRight missing={state.missing} />}
          </CardBody>
          {mode === 'enter' && state.kind === 'ours' && (
            <CardBody>
              <ReplaceKey
                project={project}
                validates={validates}
                onCancel={() => setMode('show')}
                onStart={(request) => {
                  setMode('show');
                  void start(request);
                }}
              />
            </CardBody>
          )}
          {mode === 'enter' && state.kind !== 'ours' && (
            <CardBody>
              <KeyEntry
                id="api-key"
                action={validates ? 'Check and save' : 'Save without a check'}
                images={[]}
                onAccepted={(key) => store.mutate(key)}
                onCancel={() => setMode('show')}
                isBusy={store.isPending}
              />
            </CardBody>
          )}
          {mode !== 'enter' && (
            <CardFooter>
              <Actions
                state={state}
                isBusy={rotation.state === 'running'} onEnter={() => setMode('enter')}
                onRemove={() => setMode('remove')}
              />
            </CardFooter>
          )}
        </Card>
      </StackItem>
      <StackItem>
        <Users state={state} />
      </StackItem>
      {mode === 'remove' && (
        <RemoveKeyModal state={state} onDone={() => void removed()} onClose={() => setMode('show')} />
      )}
    </Stack>
  );
}

interface ActionsProps {
  state: KeyState;
  isBusy: boolean;
  onEnter: () => void;
  onRemove: () => void;
}

function Actions({ state, isBusy, onEnter, onRemove }: ActionsProps) {
  const isFixed = !state.canChange || state.kind === 'foreign' || isBusy;
  return (
    <ActionList>
      <ActionListItem>
        <Button isDisabled={isFixed} onClick={onEnter}>
          {state.kind === 'absent' ? 'Add a key' : 'Replace the key'}
        </Button>
      </ActionListItem>
      {state.kind !== 'absent' && (
        <ActionListItem>
          <Button
            variant="secondary"
            isDanger
            isDisabled={isFixed}
            onClick={onRemove}
          >
            Remove the key
          </Button>
        </ActionListItem>
      )}
    </ActionList>
  );
}

function NoRight({ missing }: { missing: readonly string[] }) {
  return (
    <Alert isInline variant="info" title="You may not change this key">
      You need: {missing.join(', ')}.
    </Alert>
  );
}

function Users({ state }: { state: KeyState }) {
  return (
    <Card>
      <CardTitle component="h2">Deployments that use it</CardTitle>
      <CardBody>
        {state.users.length === 0 ? (
          <Content component="p">None.</Content>
        ) : (
          <List>
            {state.users.map((user) => (
              <ListItem key={user.name}>
                <Link to={`/deployments/${state.project}/${user.name}`}>
                  {user.displayName || user.name}
                </Link>
                {user.stopped && ' (stopped)'}
              </ListItem>
            ))}
          </List>
        )}
      </CardBody>
    </Card>
  );
}
