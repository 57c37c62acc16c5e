import { looksSecret } from '../../domain/variables';

import { STEPS, type StepId } from './checks';
import { EMPTY_FORM, type DeployForm } from './form';

const PLACE = 'odh-nim-deploy';

export interface Draft {
  form: DeployForm;
  step: StepId;
  /** Of a deployment that was begun with this form: the same again is not made twice. */
  requestId: string | null;
}

const NOTHING: Draft = { form: EMPTY_FORM, step: 'model', requestId: null };

/** The form as it was before a reload. It never holds a key: the form has no field for one. */
export function readDraft(storage: Storage = window.sessionStorage): Draft {
  try {
    const found = JSON.parse(storage.getItem(PLACE) ?? 'null') as Partial<Draft> | null;
    if (!found?.form) {
      return NOTHING;
    }
    return {
      form: { ...EMPTY_FORM, ...known(found.form) },
      step: STEPS.find((step) => step === found.step) ?? 'model',
      requestId: typeof found.requestId === 'string' ? found.requestId : null,
    };
  } catch {
    return NOTHING;
  }
}

export function writeDraft(draft: Draft, storage: Storage = window.sessionStorage): void {
  try {
    storage.setItem(PLACE, JSON.stringify({ ...draft, form: withoutSecrets(draft.form) }));
  } catch {
    // A browser without storage keeps no draft; nothing else depends on it.
  }
}

export function clearDraft(storage: Storage = window.sessionStorage): void {
  storage.removeItem(PLACE);
}

/** A key may have been pasted where it does not belong; values of secret names are not kept. */
export function withoutSecrets(form: DeployForm): DeployForm {
  const clean = (text: string) => (text.includes('nvapi-') ? '' : text);
  return {
    ...form,
    displayName: clean(form.displayName),
    description: clean(form.description),
    name: clean(form.name),
    otherImage: clean(form.otherImage),
    args: form.args.split('\n').map(clean).join('\n'),
    env: form.env.map((row) => ({
      ...row,
      name: clean(row.name),
      value: looksSecret(row.name) ? '' : clean(row.value),
    })),
  };
}

/** Only fields that the form has, of the type that it has them in. */
function known(form: Partial<DeployForm>): Partial<DeployForm> {
  return Object.fromEntries(
    Object.entries(EMPTY_FORM)
      .map(([field, empty]) => [field, form[field as keyof DeployForm], empty] as const)
      .filter(([, value, empty]) => typeof value === typeof empty && Array.isArray(value) === Array.isArray(empty))
      .map(([field, value]) => [field, value]),
  );
}
