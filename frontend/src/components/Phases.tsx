import { ProgressStep, ProgressStepper, type ProgressStepProps } from '@patternfly/react-core';

import type { Phase } from '../api/types';
import { ago } from '../domain/time';

const VARIANTS: Record<Phase['state'], NonNullable<ProgressStepProps['variant']>> = {
  done: 'success',
  active: 'info',
  failed: 'danger',
  waiting: 'pending',
};

/** How far a deployment is on its way to a served model. */
export function Phases({ phases }: { phases: readonly Phase[] }) {
  return (
    <ProgressStepper aria-label="Phases of the start">
      {phases.map((phase) => (
        <ProgressStep
          key={phase.name}
          id={`phase-${phase.name.replaceAll(' ', '-')}`}
          titleId={`phase-title-${phase.name.replaceAll(' ', '-')}`}
          variant={VARIANTS[phase.state]}
          isCurrent={phase.state === 'active' || phase.state === 'failed'}
          aria-label={`${phase.name}: ${phase.state}`}
          description={phase.message || since(phase)}
        >
          {capital(phase.name)}
        </ProgressStep>
      ))}
    </ProgressStepper>
  );
}

function since(phase: Phase): string {
  return phase.since && phase.state !== 'waiting' ? ago(phase.since) : '';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
