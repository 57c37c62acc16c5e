import {
  Button,
  Checkbox,
  Content,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { api, unwrap } from '../../api/client';
import type { KeyState } from '../../api/types';
import { ProblemAlert } from '../../components/ProblemAlert';

interface RemoveKeyModalProps {
  state: KeyState;
  onDone: () => void;
  onClose: () => void;
}

/** Asks before a key goes; with users it has to be asked for twice. */
export function RemoveKeyModal({ state, onDone, onClose }: RemoveKeyModalProps) {
  const [isForced, setForced] = useState(false);
  const isUsed = state.users.length > 0;
  const remove = useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE('/api/v1/projects/{project}/key', {
          params: { path: { project: state.project }, query: { force: isForced } },
        }),
      ),
    onSuccess: onDone,
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="remove-key" aria-describedby="remove-key-body">
      <ModalHeader title={`Remove the key of ${state.project}?`} labelId="remove-key" titleIconVariant="warning" />
      <ModalBody id="remove-key-body">
        <Content component="p">
          The Secrets {state.keySecret} and {state.pullSecret} are deleted.
        </Content>
        {isUsed && (
          <>
            <Content component="p">Without it these fail at their next start:</Content>
            <List>
              {state.users.map((user) => (
                <ListItem key={user.name}>{user.displayName || user.name}</ListItem>
              ))}
            </List>
            <Checkbox
              id="force-remove"
              label="Remove it all the same"
              isChecked={isForced}
              onChange={(_, checked) => setForced(checked)}
            />
          </>
        )}
        {remove.isError && <ProblemAlert error={remove.error} title="The key was not removed" />}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          isDisabled={(isUsed && !isForced) || remove.isPending}
          isLoading={remove.isPending}
          onClick={() => remove.mutate()}
        >
          Remove
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
