import {
  ActionList,
  ActionListGroup,
  ActionListItem,
  Button,
  useWizardContext,
  WizardFooterWrapper,
} from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import type { Plan } from '../../api/types';

import type { StepId } from './checks';

interface WizardButtonsProps {
  step: StepId;
  problems: readonly [string, string[]][];
  /** The person wants to go on: from now on the step shows its problems. */
  onTry: () => void;
  onDeploy: () => void;
  onCancel: () => void;
  plan: UseQueryResult<Plan>;
  isAllowed: boolean;
}

/** Back, next or deploy, and a way out. A step that is not complete says so and keeps the focus. */
export function WizardButtons(props: WizardButtonsProps) {
  const { step, problems, onTry, onDeploy, onCancel, plan, isAllowed } = props;
  const { goToNextStep, goToPrevStep } = useWizardContext();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (attempt > 0) {
      focusFirstProblem();
    }
  }, [attempt]);

  useEffect(nameToggle, []);

  const next = () => {
    if (problems.length > 0) {
      onTry();
      setAttempt(attempt + 1);
    } else {
      void goToNextStep();
    }
  };
  return (
    <WizardFooterWrapper>
      <ActionList>
        <ActionListGroup>
          {step !== 'model' && (
            <ActionListItem>
              <Button variant="secondary" onClick={() => void goToPrevStep()}>
                Back
              </Button>
            </ActionListItem>
          )}
          <ActionListItem>
            {step === 'review' ? (
              <Button
                isDisabled={!isAllowed || !canDeploy(plan)}
                isLoading={plan.isFetching}
                onClick={onDeploy}
              >
                Deploy
              </Button>
            ) : (
              <Button onClick={next}>Next</Button>
            )}
          </ActionListItem>
        </ActionListGroup>
        <ActionListGroup>
          <ActionListItem>
            <Button variant="link" onClick={onCancel}>
              Cancel
            </Button>
          </ActionListItem>
        </ActionListGroup>
      </ActionList>
    </WizardFooterWrapper>
  );
}

function canDeploy(plan: UseQueryResult<Plan>): boolean {
  return (
    plan.isSuccess &&
    !plan.isFetching &&
    plan.data.findings.every((finding) => finding.severity !== 'error')
  );
}

/**
 * On a narrow screen PatternFly names the list's button "Wizard Header Toggle", which is not what
 * it reads: without that name it is called by its text, the current step.
 */
function nameToggle(): void {
  document.querySelector('.pf-v6-c-wizard__toggle')?.removeAttribute('aria-label');
}

/** Put the focus where something is to be corrected. */
function focusFirstProblem(): void {
  const main = document.querySelector('.pf-v6-c-wizard__main');
  const field = main?.querySelector<HTMLElement>('[aria-invalid="true"]');
  if (field) {
    field.focus();
    return;
  }
  const text = main?.querySelector('.pf-m-danger, .pf-m-error');
  const near = text
    ?.closest('.pf-v6-c-form__section, .pf-v6-c-form')
    ?.querySelector<HTMLElement>('input:not([type="radio"]), input:checked, select, textarea');
  (near ?? main?.querySelector<HTMLElement>('input, select, textarea'))?.focus();
  text?.scrollIntoView({ block: 'center' });
}
