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
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { deletionQuery } from '../../api/queries';
import type { Deletion } from '../../api/types';
import { Alert } from '../../components/Alert';
import { FindingList } from '../../components/FindingList';
import { ProblemAlert } from '../../components/ProblemAlert';
import { QueryView } from '../../components/QueryView';

import { useDelete } from './useActions';

interface DeleteModalProps {
  place: { project: string; name: string };
  onDone: () => void;
  onClose: () => void;
}

/** Names everything that goes and everything that stays, before it goes. */
export function DeleteModal({ place, onDone, onClose }: DeleteModalProps) {
  const { project, name } = place;
  const [withClaim, setWithClaim] = useState(false);
  const deletion = useQuery(deletionQuery({ project, name }));
  const remove = useDelete({ project, name }, onDone);
  const left = remove.data?.leftovers ?? [];
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="delete-title" aria-describedby="delete-body">
      <ModalHeader title={`Delete ${name}?`} labelId="delete-title" titleIconVariant="warning" />
      <ModalBody id="delete-body">
        <QueryView query={deletion} label="what would be deleted">
          {(data) => <Preview data={data} withClaim={withClaim} onWithClaim={setWithClaim} />}
        </QueryView>
        {remove.isError && <ProblemAlert error={remove.error} title="It was not deleted" />}
        <FindingList findings={left} />
      </ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          isLoading={remove.isPending}
          isDisabled={!deletion.isSuccess || remove.isPending || left.length > 0}
          onClick={() => remove.mutate(withClaim)}
        >
          Delete
        </Button>
        <Button variant="link" onClick={left.length > 0 ? onDone : onClose}>
          {left.length > 0 ? 'Close' : 'Cancel'}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

interface PreviewProps {
  data: Deletion;
  withClaim: boolean;
  onWithClaim: (withClaim: boolean) => void;
}

function Preview({ data, withClaim, onWithClaim }: PreviewProps) {
  const { claim, claimUsers } = data;
  const isClaim = (object: { kind: string; name: string }) =>
    object.kind === 'PersistentVolumeClaim' && object.name === claim;
  const going = data.objects.filter((object) => !isClaim(object));
  const staying = data.kept.filter((object) => !isClaim(object));
  return (
    <>
      <Content component="p">These objects are deleted:</Content>
      <List>
        {going.map((object) => (
          <ListItem key={`${object.kind} ${object.name}`}>
            {object.kind}/{object.name}
          </ListItem>
        ))}
        {claim && withClaim && <ListItem>PersistentVolumeClaim/{claim}</ListItem>}
      </List>
      {staying.length > 0 && (
        <>
          <Content component="p">These stay:</Content>
          <List>
            {staying.map((object) => (
              <ListItem key={`${object.kind} ${object.name}`}>
                {object.kind}/{object.name}: {object.reason}
              </ListItem>
            ))}
          </List>
        </>
      )}
      {claim && (
        <Checkbox
          id="with-claim"
          label={`Delete the volume ${claim} too`}
          description={
            claimUsers.length > 0
              ? `It cannot be deleted: ${claimUsers.join(', ')} use it too.`
              : 'The weights on it are lost, and downloaded again the next time. Kept if not ticked.'
          }
          isDisabled={claimUsers.length > 0}
          isChecked={withClaim}
          onChange={(_, checked) => onWithClaim(checked)}
        />
      )}
      {data.findings.length > 0 && <FindingList findings={data.findings} />}
      {withClaim && (
        <Alert isInline variant="warning" title="The downloaded weights are deleted" />
      )}
    </>
  );
}
