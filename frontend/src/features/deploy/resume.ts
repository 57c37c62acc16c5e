import type { Models, Remainder } from '../../api/types';

import { EMPTY_FORM, reduceForm, type DeployForm } from './form';

/** The form of an interrupted run: what its objects tell, the rest as it is proposed. */
export function formOfRemainder(remainder: Remainder, models: Models | undefined): DeployForm {
  const { draft, project, name } = remainder;
  const model = models?.items.find(({ key }) => key === draft.model);
  let form: DeployForm = { ...EMPTY_FORM, project, name, nameEdited: true };
  if (model) {
    form = reduceForm(form, { type: 'model', model, ...(draft.tag ? { tag: draft.tag } : {}) });
  } else if (draft.image) {
    form = reduceForm(form, { type: 'otherImage', image: draft.image });
  }
  const known = {
    displayName: draft.displayName,
    protocol: draft.protocol,
    size: draft.size,
    storageClass: draft.storageClass,
    accessMode: draft.accessMode as DeployForm['accessMode'] | null,
  };
  const told = Object.entries(known).filter(([, value]) => value !== null);
  return { ...form, ...(Object.fromEntries(told) as Partial<DeployForm>) };
}

export function resumeUrl(project: string, requestId: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}/remainders/${encodeURIComponent(requestId)}/resume`;
}
