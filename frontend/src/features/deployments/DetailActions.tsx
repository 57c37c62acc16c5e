import { ActionList, ActionListItem, Button } from '@patternfly/react-core';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';

import { asProblem } from '../../api/problem';
import type { DeploymentDetails } from '../../api/types';
import { Alert } from '../../components/Alert';

import { DeleteModal } from './DeleteModal';
import { useSwitch } from './useActions';

interface DetailActionsProps {
  details: DeploymentDetails;
  onDeleted: () => void;
}

/** Stop or start, change, and delete. */
export function DetailActions({ details, onDeleted }: DetailActionsProps) {
  const [isDeleting, setDeleting] = useState(false);
  const change = useSwitch(details);
  const navigate = useNavigate();
  const isFixed = details.managedBy === 'NIMService' || details.status === 'Deleting';
  return (
    <>
      <ActionList>
        <ActionListItem>
          <Button
            variant="secondary"
            isDisabled={isFixed || change.isPending}
            isLoading={change.isPending}
            onClick={() => change.mutate(details.stopped ? 'start' : 'stop')}
          >
            {details.stopped ? 'Start' : 'Stop'}
          </Button>
        </ActionListItem>
        <ActionListItem>
          <Button
            variant="secondary"
            isDisabled={isFixed}
            onClick={() => void navigate(`/deployments/${details.project}/${details.name}/edit`)}
          >
            Change
          </Button>
        </ActionListItem>
        <ActionListItem>
          <Button variant="secondary" isDanger isDisabled={isFixed} onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </ActionListItem>
      </ActionList>
      {change.isError && (
        <Alert isInline isLiveRegion variant="danger" title={asProblem(change.error).message} />
      )}
      {isDeleting && (
        <DeleteModal place={details} onDone={onDeleted} onClose={() => setDeleting(false)} />
      )}
    </>
  );
}
