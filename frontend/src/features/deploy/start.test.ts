import { expect, test } from 'vitest';

import type { Models, Project } from '../../api/types';
import { makeModel } from '../../test/models';

import { EMPTY_FORM } from './form';
import { onlyProject, startFrom } from './start';

const MODEL = makeModel();
const MODELS = { items: [MODEL] } as unknown as Models;
const NOTHING = { model: '', tag: '', project: '' };
const EMPTY = { form: EMPTY_FORM, step: 'model', requestId: 'r' } as const;

function project(name: string, canDeploy = true): Project {
  return { name, displayName: name, description: '', canDeploy, missing: [] };
}

test('the only project in which one may deploy is chosen already', () => {
  const projects = [project('team-a'), project('team-b', false)];

  expect(onlyProject(projects)).toBe('team-a');
  expect(startFrom(EMPTY, NOTHING, MODELS, projects).form.project).toBe('team-a');
});

test('of two possible projects none is guessed, and a chosen one stays', () => {
  const projects = [project('team-a'), project('team-b')];
  const chosen = { ...EMPTY, form: { ...EMPTY_FORM, project: 'team-b' } };

  expect(startFrom(EMPTY, NOTHING, MODELS, projects)).toEqual(EMPTY);
  expect(startFrom(chosen, NOTHING, MODELS, [project('team-a')])).toEqual(chosen);
});

test('UI-28: the address fills in model, tag and project, and it is another request then', () => {
  const linked = { model: MODEL.key, tag: MODEL.tags[0] ?? '', project: 'team-b' };

  const { form, requestId } = startFrom(EMPTY, linked, MODELS, [project('team-a')]);

  expect(form).toMatchObject({ model: MODEL.key, tag: MODEL.tags[0], project: 'team-b' });
  expect(requestId).toBeNull();
});
