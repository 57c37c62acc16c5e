import { AlertActionLink } from '@patternfly/react-core';

import { Alert } from '../../components/Alert';
import type { Problems } from '../../domain/rows';

import { STEP_OF_FIELD, type StepId } from './checks';

interface MissingAlertProps {
  problems: Problems;
  onStep: (step: StepId) => void;
}

/** What keeps a form that was filled in earlier from being planned. */
export function MissingAlert({ problems, onStep }: MissingAlertProps) {
  return Object.entries(problems).map(([field, texts]) => {
    const step = STEP_OF_FIELD[field.split('.')[0] ?? ''];
    return (
      <Alert
        key={field}
        isInline
        variant="warning"
        title={(texts ?? []).join(' ')}
        actionLinks={
          step && <AlertActionLink onClick={() => onStep(step)}>Change it</AlertActionLink>
        }
      />
    );
  });
}
