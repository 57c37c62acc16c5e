import { Checkbox, Content, List, ListItem, Stack, StackItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { rotationQuery } from '../../api/queries';
import type { RotationRequest } from '../../api/types';
import { Alert } from '../../components/Alert';
import { KeyEntry } from '../../components/KeyEntry';
import { QueryView } from '../../components/QueryView';

interface ReplaceKeyProps {
  project: string;
  validates: boolean;
  onStart: (request: RotationRequest) => void;
  onCancel: () => void;
}

/** A new key, and whether what uses the old one restarts at once. */
export function ReplaceKey({ project, validates, onStart, onCancel }: ReplaceKeyProps) {
  const plan = useQuery(rotationQuery(project));
  const [restart, setRestart] = useState(true);
  return (
    <QueryView query={plan} label="who uses the key" rows={2}>
      {({ users, notRotated, resumable }) => (
        <Stack hasGutter>
          {resumable && (
            <StackItem>
              <Alert isInline variant="warning" title="An earlier replacement was not finished">
                Replacing the key now finishes it as well.
              </Alert>
            </StackItem>
          )}
          {users.length > 0 && (
            <StackItem>
              <Checkbox
                id="restart-users"
                label="Restart what uses it, one deployment at a time"
                description="Otherwise they use the old key until their next start."
                isChecked={restart}
                onChange={(_, checked) => setRestart(checked)}
              />
              <List>
                {users.map((user) => (
                  <ListItem key={user.name}>
                    {user.name}
                    {user.stopped && ' (stopped: it stays so)'} {user.warning}
                  </ListItem>
                ))}
              </List>
            </StackItem>
          )}
          {notRotated.length > 0 && (
            <StackItem>
              <Content component="small">
                These have keys of their own, which stay: {notRotated.join(', ')}.
              </Content>
            </StackItem>
          )}
          <StackItem>
            <KeyEntry
              id="api-key"
              action={validates ? 'Check and replace' : 'Replace without a check'}
              images={[]}
              onCancel={onCancel}
              onAccepted={(key) =>
                onStart({ key: key.value, restart, wait: true, resume: false, skipCheck: key.skipCheck, skipPullCheck: key.skipCheck, pullAlways: false })
              }
            />
          </StackItem>
        </Stack>
      )}
    </QueryView>
  );
}
