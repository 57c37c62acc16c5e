import {
  AlertActionLink,
  Button,
  Content,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';

import { api, unwrap } from '../../api/client';
import type { Remainder } from '../../api/types';
import { Alert } from '../../components/Alert';
import { FindingList } from '../../components/FindingList';
import { ProblemAlert } from '../../components/ProblemAlert';

/** What interrupted runs left behind: to be finished, or deleted. */
export function Remainders({ remainders }: { remainders: readonly Remainder[] }) {
  return remainders.map((one) => <Incomplete key={`${one.project} ${one.requestId}`} remainder={one} />);
}

/** The wizard, filled with what is known of the interrupted run. */
function resumeAddress({ project, requestId }: Remainder): string {
  return `/deploy?${new URLSearchParams({ project, resume: requestId }).toString()}`;
}

function Incomplete({ remainder }: { remainder: Remainder }) {
  const [isDeleting, setDeleting] = useState(false);
  const navigate = useNavigate();
  return (
    <>
      <Alert
        isInline
        variant="warning"
        title={`${remainder.name} in ${remainder.project} was not finished`}
        actionLinks={
          <>
            <AlertActionLink
              onClick={() => void navigate(resumeAddress(remainder))}
            >
              Resume
            </AlertActionLink>
            <AlertActionLink onClick={() => setDeleting(true)}>Delete what is left</AlertActionLink>
          </>
        }
      >
        {remainder.reason} {remainder.objects.map(({ kind, name }) => `${kind}/${name}`).join(', ')}
      </Alert>
      {isDeleting && <DeleteRemainder remainder={remainder} onClose={() => setDeleting(false)} />}
    </>
  );
}

function DeleteRemainder({ remainder, onClose }: { remainder: Remainder; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE('/api/v1/projects/{project}/remainders/{request_id}', {
          params: { path: { project: remainder.project, request_id: remainder.requestId } },
        }),
      ),
    onSuccess: async (deleted) => {
      await client.invalidateQueries({ queryKey: ['deployments'] });
      if (deleted.leftovers.length === 0) {
        onClose();
      }
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="rest-title" aria-describedby="rest-body">
      <ModalHeader title={`Delete what is left of ${remainder.name}?`} labelId="rest-title" titleIconVariant="warning" />
      <ModalBody id="rest-body">
        <Content component="p">These objects are deleted:</Content>
        <List>
          {remainder.objects.map(({ kind, name }) => (
            <ListItem key={`${kind} ${name}`}>
              {kind}/{name}
            </ListItem>
          ))}
        </List>
        {remove.isError && <ProblemAlert error={remove.error} />}
        <FindingList findings={remove.data?.leftovers ?? []} />
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" isLoading={remove.isPending} isDisabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
