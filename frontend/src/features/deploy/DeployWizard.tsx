import { PageSection, useWizardContext, Wizard, WizardStep, type WizardStepType } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useNavigate } from 'react-router-dom';

import type { Models, Project, Remainder, Session } from '../../api/types';
import { ProblemAlert } from '../../components/ProblemAlert';
import type { Problems } from '../../domain/rows';

import { AccessStep } from './AccessStep';
import { BegunAlert } from './BegunAlert';
import { firstBadStep, problemsOf, STEPS, type StepId } from './checks';
import { MissingAlert } from './MissingAlert';
import { ModelStep } from './ModelStep';
import { ProgressView } from './ProgressView';
import { ProjectStep } from './ProjectStep';
import { ResourcesStep } from './ResourcesStep';
import { resumeUrl } from './resume';
import { ReviewStep } from './ReviewStep';
import type { Linked } from './start';
import type { StepProps } from './StepProps';
import { deployUrl, useDeploy } from './useDeploy';
import { useWizard, type WizardState } from './useWizard';
import { WizardButtons } from './WizardButtons';

const TITLES: Record<StepId, string> = {
  model: 'Model',
  project: 'Project and key',
  resources: 'Resources and storage',
  access: 'Protocol and access',
  review: 'Review',
};

interface DeployWizardProps {
  session: Session;
  projects: readonly Project[];
  models: Models | undefined;
  catalogError: unknown;
  linked: Linked;
  remainder: Remainder | undefined;
}

/** Five steps to a deployment, and then its progress. */
export function DeployWizard(props: DeployWizardProps) {
  const { session, projects, models, catalogError, linked, remainder } = props;
  const wizard = useWizard(session, models, projects, linked, remainder);
  const { form, dispatch, model, problems, plan } = wizard;
  const [tried, setTried] = useState<readonly StepId[]>([]);
  const url = useCallback(
    (project: string) =>
      remainder ? resumeUrl(project, remainder.requestId) : deployUrl(project),
    [remainder],
  );
  const { run, start, reset } = useDeploy(url);
  const client = useQueryClient();
  const navigate = useNavigate();

  const deploy = async () => {
    const id = wizard.requestId ?? plan.data?.requestId ?? null;
    wizard.begin(id);
    await start(form.project, { ...wizard.request, requestId: id });
    await client.invalidateQueries({ queryKey: ['deployments'] });
    await client.invalidateQueries({ queryKey: ['key', form.project] });
  };
  const goBack = () => {
    if (run.state === 'done') {
      wizard.forget();
    } else if (run.state === 'failed' && run.problem.status !== 0) {
      // The same request would give the same answer.
      wizard.setRequestId(null);
    }
    reset();
  };
  if (run.state !== 'idle') {
    return (
      <PageSection isFilled>
        <ProgressView
          run={run}
          project={form.project}
          name={form.name}
          planned={plan.data?.objects ?? []}
          onBack={goBack}
          onRetry={() => void deploy()}
        />
      </PageSection>
    );
  }

  const isShown = (step: StepId) => tried.includes(step) || step === 'review';
  const stepProps = (step: StepId) => ({
    form,
    dispatch,
    model,
    problems: isShown(step) ? problems : live(problems, form.name),
  });
  const last = STEPS.indexOf(firstBadStep(problems));
  const page = (step: StepId) => ({
    // Not the name alone: a field may have it as its id.
    id: `step-${step}`,
    name: TITLES[step],
    isDisabled: STEPS.indexOf(step) > last,
    footer: (
      <WizardButtons
        step={step}
        problems={problemsOf(step, problems)}
        onTry={() => setTried([...tried, step])}
        onDeploy={() => void deploy()}
        onCancel={() => {
          wizard.forget();
          void navigate('/models');
        }}
        plan={plan}
        isAllowed={projects.find(({ name }) => name === form.project)?.canDeploy ?? true}
      />
    ),
  });
  return (
    <>
      {catalogError !== null && (
        <PageSection>
          <ProblemAlert error={catalogError} title="The catalogue cannot be read" />
        </PageSection>
      )}
      {!remainder && wizard.requestId !== null && wizard.step === 'review' && (
        <PageSection>
          <BegunAlert project={form.project} name={form.name} onGoOn={() => void deploy()} />
        </PageSection>
      )}
      <PageSection type="wizard" aria-label="Wizard">
        <Wizard
          startIndex={1 + Math.min(STEPS.indexOf(wizard.step), last)}
          navAriaLabel="Steps of the deployment"
          shouldFocusContent
          onStepChange={(_, current: WizardStepType) => wizard.setStep(stepOf(current))}
        >
          <WizardStep {...page('model')}>
            <ModelStep {...stepProps('model')} models={models} taken={wizard.taken} />
          </WizardStep>
          <WizardStep {...page('project')}>
            <ProjectStep
              {...stepProps('project')}
              projects={projects}
              session={session}
              keyState={wizard.keyState}
              entered={wizard.entered}
              onEntered={wizard.setEntered}
              taken={wizard.taken}
            />
          </WizardStep>
          <WizardStep {...page('resources')}>
            <ResourcesStep
              {...stepProps('resources')}
              hardware={wizard.hardware}
              storage={wizard.storage}
            />
          </WizardStep>
          <WizardStep {...page('access')}>
            <AccessStep {...stepProps('access')} />
          </WizardStep>
          <WizardStep {...page('review')}>
            <Review wizard={wizard} stepProps={stepProps('review')} />
          </WizardStep>
        </Wizard>
      </PageSection>
    </>
  );
}

function stepOf({ id }: WizardStepType): StepId {
  return STEPS.find((step) => id === `step-${step}`) ?? 'model';
}

/** Of fields that nobody has left yet, only the name says what is wrong, while it is typed. */
function live(problems: Problems, name: string): Problems {
  const { name: ofName } = problems;
  const always = Object.entries(problems).filter(([field]) => field.includes('.') || ALWAYS.has(field));
  return { ...Object.fromEntries(always), ...(name && ofName ? { name: ofName } : {}) };
}

const ALWAYS = new Set(['cpu', 'memory', 'shmSize', 'size', 'subPath', 'args', 'otherImage']);

function Review({ wizard, stepProps }: { wizard: WizardState; stepProps: StepProps }) {
  const { goToStepByIndex } = useWizardContext();
  const onStep = (step: StepId) => goToStepByIndex(1 + STEPS.indexOf(step));
  if (firstBadStep(wizard.problems) !== 'review') {
    return <MissingAlert problems={wizard.problems} onStep={onStep} />;
  }
  return (
    <ReviewStep
      {...stepProps}
      plan={wizard.plan}
      onStep={onStep}
      around={{
        model: wizard.model,
        collectKeys: wizard.session.collectKeys,
        hasEnteredKey: wizard.key !== null,
        profileName: wizard.profile?.displayName || wizard.form.hardwareProfile,
      }}
    />
  );
}
