import { AlertActionCloseButton, MenuToggle } from '@patternfly/react-core';
import EllipsisVIcon from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon';
import { ActionsColumn } from '@patternfly/react-table';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';

import { asProblem } from '../../api/problem';
import type { DeploymentRow } from '../../api/types';
import { Alert } from '../../components/Alert';

import { DeleteModal } from './DeleteModal';
import { useSwitch } from './useActions';

/** What may be done with one row. */
export function RowActions({ row }: { row: DeploymentRow }) {
  const [isDeleting, setDeleting] = useState(false);
  const change = useSwitch(row);
  const navigate = useNavigate();
  // NVIDIA's operator would undo what is done to its objects.
  const isShownOnly = row.managedBy === 'NIMService';
  return (
    <>
      <ActionsColumn
        isDisabled={isShownOnly || change.isPending || row.status === 'Deleting'}
        actionsToggle={({ onToggle, isOpen, isDisabled, toggleRef }) => (
          <MenuToggle
            ref={toggleRef}
            variant="plain"
            aria-label={`Actions of ${row.name}`}
            icon={<EllipsisVIcon />}
            isExpanded={isOpen}
            isDisabled={isDisabled ?? false}
            onClick={onToggle}
          />
        )}
        items={[
          {
            title: row.stopped ? 'Start' : 'Stop',
            onClick: () => change.mutate(row.stopped ? 'start' : 'stop'),
          },
          {
            title: 'Change',
            onClick: () => void navigate(`/deployments/${row.project}/${row.name}/edit`),
          },
          { isSeparator: true },
          { title: 'Delete', onClick: () => setDeleting(true) },
        ]}
      />
      {change.isError && (
        <Alert
          isInline
          isLiveRegion
          variant="danger"
          title={asProblem(change.error).message}
          actionClose={<AlertActionCloseButton onClose={() => change.reset()} />}
        />
      )}
      {isDeleting && (
        <DeleteModal place={row} onDone={() => setDeleting(false)} onClose={() => setDeleting(false)} />
      )}
    </>
  );
}
