import { expect, test } from 'vitest';

import type { KeyState } from '../../api/types';
import { makeModel } from '../../test/models';

import {
  accessModeWarning, findProblems, firstBadStep, imageProblem, sizeWarning, type Around,
} from './checks';
import { EMPTY_FORM, reduceForm } from './form';

const MODEL = makeModel();
const KEY = { kind: 'ours' } as KeyState;
const AROUND: Around = {
  model: MODEL, keyState: KEY, hasEnteredKey: false, collectKeys: true, taken: [],
};
const GOOD = reduceForm(reduceForm(EMPTY_FORM, { type: 'model', model: MODEL }), {
  type: 'project', project: 'team-a', model: MODEL,
});

test('an empty form begins with the model, a good one ends in review', () => {
  expect(firstBadStep(findProblems(EMPTY_FORM, { ...AROUND, model: undefined }))).toBe('model');
  expect(firstBadStep(findProblems(GOOD, AROUND))).toBe('review');
});

test.each(['absent', 'incomplete', 'differing', 'foreign'] as const)(
  'a project whose key is %s does not go on without one', (kind) => {
    const around = { ...AROUND, keyState: { ...KEY, kind } };

    expect(findProblems(GOOD, around)['key']).toHaveLength(1);
    expect(findProblems(GOOD, { ...around, hasEnteredKey: true })['key']).toBeUndefined();
    expect(findProblems(GOOD, { ...around, collectKeys: false })['key']).toBeUndefined();
  },
);

test('a taken name, a bad quantity and a bad variable are found in their steps', () => {
  expect(firstBadStep(findProblems(GOOD, { ...AROUND, taken: [GOOD.name] }))).toBe('project');
  expect(firstBadStep(findProblems({ ...GOOD, cpu: 'x' }, AROUND))).toBe('resources');
  const env = [{ id: 7, name: '1', source: 'value' as const, value: '', from: '', fromKey: '' }];
  const problems = findProblems({ ...GOOD, env }, AROUND);
  expect(problems['env.7']).toHaveLength(1);
  expect(firstBadStep(problems)).toBe('access');
});

test('UI-14, UI-15: a volume smaller than the weights, and one that not all replicas reach, are said', () => {
  expect(sizeWarning({ ...GOOD, size: '1Gi' }, MODEL)).toContain('20Gi');
  expect(sizeWarning({ ...GOOD, size: '20Gi' }, MODEL)).toBe('');
  expect(accessModeWarning({ ...GOOD, replicas: 2 }, undefined)).toContain('one node');
  expect(accessModeWarning({ ...GOOD, replicas: 2, accessMode: 'ReadWriteMany' }, undefined)).toBe('');
});

test('another image needs a registry and a tag', () => {
  expect(imageProblem('nvcr.io/nim/meta/llama:1')).toBe('');
  expect(imageProblem('nvcr.io/nim/meta/llama')).not.toBe('');
  expect(imageProblem('llama:1')).not.toBe('');
});
