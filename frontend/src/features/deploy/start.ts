import type { Model, Models, Project } from '../../api/types';
import { proposeFreeName } from '../../domain/names';

import type { Draft } from './draft';
import { reduceForm, type DeployForm } from './form';

export interface Linked {
  model: string;
  tag: string;
  project: string;
}

/** Who may deploy in one project need not choose it. */
export function onlyProject(projects: readonly Project[]): string {
  const possible = projects.filter(({ canDeploy }) => canDeploy);
  return possible.length === 1 ? (possible[0]?.name ?? '') : '';
}

/** What the address asks for goes before what was filled in; the rest of the draft stays. */
export function startFrom(
  draft: Draft,
  linked: Linked,
  models: Models | undefined,
  projects: readonly Project[],
): Draft {
  let form = draft.form;
  const model = models?.items.find(({ key }) => key === linked.model);
  const project = linked.project || form.project || onlyProject(projects);
  if (project !== form.project) {
    const chosen = models?.items.find(({ key }) => key === form.model);
    form = reduceForm(form, { type: 'project', project, model: chosen });
  }
  if (model && (model.key !== form.model || (linked.tag && linked.tag !== form.tag))) {
    form = reduceForm(form, { type: 'model', model, tag: linked.tag });
  }
  return { ...draft, form, requestId: form === draft.form ? draft.requestId : null };
}

/** A proposed name is a free one; which are taken may be known later than the model. */
export function withFreeName(
  form: DeployForm,
  model: Model | undefined,
  taken: readonly string[],
): DeployForm {
  return form.nameEdited || !model
    ? form
    : { ...form, name: proposeFreeName(model.name, form.project, taken) };
}
