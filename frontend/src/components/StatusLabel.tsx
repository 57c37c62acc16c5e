import { Label, type LabelProps } from '@patternfly/react-core';

import type { DeploymentRow } from '../api/types';

type Look = Pick<LabelProps, 'status' | 'color'>;

const LOOKS: Record<DeploymentRow['status'], Look> = {
  Ready: { status: 'success' },
  Starting: { status: 'info' },
  Failed: { status: 'danger' },
  Stopping: { color: 'grey' },
  Stopped: { color: 'grey' },
  Deleting: { color: 'orange' },
  Unknown: { status: 'warning' },
};

/** A deployment's status: a word, and a colour and icon beside it. */
export function StatusLabel({ status }: { status: DeploymentRow['status'] }) {
  return (
    <Label isCompact {...LOOKS[status]}>
      {status}
    </Label>
  );
}
