import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useReducer, useState } from 'react';

import { deploymentsQuery, hardwareQuery, keyQuery, storageQuery } from '../../api/queries';
import type { Models, Project, Remainder, Session } from '../../api/types';

import { findProblems, firstBadStep, type StepId } from './checks';
import { clearDraft, readDraft, writeDraft, type Draft } from './draft';
import { EMPTY_FORM, reduceForm, toRequest, type FormAction } from './form';
import type { EnteredKey } from './KeySection';
import { formOfRemainder } from './resume';
import { startFrom, withFreeName, type Linked } from './start';
import { usePlan } from './usePlan';

function beginning(
  linked: Linked,
  models: Models | undefined,
  projects: readonly Project[],
  remainder: Remainder | undefined,
): Draft {
  return remainder
    ? { form: formOfRemainder(remainder, models), step: 'model', requestId: null }
    : startFrom(readDraft(), linked, models, projects);
}

/** Everything that the wizard knows: the form, what is around it, and what is derived of both. */
export function useWizard(
  session: Session,
  models: Models | undefined,
  projects: readonly Project[],
  linked: Linked,
  remainder: Remainder | undefined,
) {
  const [start] = useState(() => beginning(linked, models, projects, remainder));
  const [filled, change] = useReducer(reduceForm, start.form);
  const [step, setStep] = useState<StepId>(start.step);
  const [begunId, setRequestId] = useState(start.requestId);
  // What is resumed stays the same request, whatever is filled in for it.
  const requestId = remainder?.requestId ?? begunId;
  const [entered, setEntered] = useState<EnteredKey | null>(null);
  const dispatch = useCallback((action: FormAction) => {
    setRequestId(null);
    change(action);
  }, []);

  const { data: deployments } = useQuery(deploymentsQuery);
  const taken = useMemo(
    () =>
      (deployments?.items ?? [])
        .filter(({ project }) => project === filled.project)
        .map(({ name }) => name),
    [deployments, filled.project],
  );
  const model = models?.items.find(({ key }) => key === filled.model);
  const form = useMemo(() => withFreeName(filled, model, taken), [filled, model, taken]);
  const keyState = useQuery({
    ...keyQuery(form.project),
    enabled: form.project !== '' && session.collectKeys,
  });
  const hardware = useQuery(hardwareQuery(form.project));
  const storage = useQuery(storageQuery(form.project));
  const kind = session.collectKeys ? form.key : 'none';
  const key = entered?.project === form.project && entered.kind === kind ? entered : null;
  const problems = useMemo(
    () =>
      findProblems(form, {
        model,
        keyState: keyState.data,
        hasEnteredKey: key !== null,
        collectKeys: session.collectKeys,
        // The name is taken by what this very form has begun.
        taken: requestId === null ? taken : [],
      }),
    [form, model, keyState.data, key, session.collectKeys, taken, requestId],
  );
  const profile = hardware.data?.profiles.find(({ name }) => name === form.hardwareProfile);
  const request = {
    ...toRequest({ ...form, key: kind }, profile?.project ?? '', key?.value),
    skipPullCheck: key?.skipCheck ?? false,
    requestId,
  };
  const isGood = firstBadStep(problems) === 'review';
  const plan = usePlan(form.project, request, step === 'review' && isGood);

  useEffect(() => writeDraft({ form, step, requestId }), [form, step, requestId]);
  const begin = (id: string | null) => {
    // From now on the name is taken, by this very deployment.
    change({ type: 'name', name: form.name });
    setRequestId(id);
  };
  const forget = useCallback(() => {
    clearDraft();
    setEntered(null);
    change({ type: 'set', values: EMPTY_FORM });
    setRequestId(null);
    setStep('model');
  }, []);

  return {
    form, dispatch, model, models, step, setStep, requestId, setRequestId, begin, entered, setEntered,
    keyState, hardware, storage, taken, problems, profile, request, plan, key, session, forget,
  };
}

export type WizardState = ReturnType<typeof useWizard>;
