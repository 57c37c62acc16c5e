import { expect, test } from 'vitest';

import type { Specification } from '../../api/types';

import { changesOf, editFormOf, editProblems, isEmptyChange } from './edit';

const SPEC: Specification = {
  name: 'llama', project: 'team-a', displayName: 'Llama', description: '', model: 'llama',
  image: 'nvcr.io/nim/meta/llama:1.8.3', tag: '1.8.3', tags: ['1.8.3', '1.13.1'], protocol: 'http',
  protocols: ['http'], gpus: 1, cpu: '2', memory: '8Gi', replicas: 1, key: 'project',
  strategy: 'RollingUpdate', claim: 'w', storageSize: '50Gi', base: 'b'.repeat(32),
  args: ['--a'],
  env: [
    { name: 'LEVEL', value: 'info', valueFrom: null, hidden: false },
    { name: 'TOKEN', value: null, valueFrom: null, hidden: true },
    { name: 'HF', value: null, valueFrom: { secretKeyRef: { name: 's', key: 'k' } }, hidden: false },
    { name: 'IP', value: null, valueFrom: { fieldRef: { fieldPath: 'status.podIP' } }, hidden: false },
  ],
};

test('a form that nobody has touched changes nothing', () => {
  expect(isEmptyChange(changesOf(SPEC, editFormOf(SPEC)))).toBe(true);
});

test('only what differs is sent', () => {
  const form = { ...editFormOf(SPEC), tag: '1.13.1', replicas: 2, args: '--a\n--b' };

  expect(changesOf(SPEC, form)).toEqual({
    tag: '1.13.1', replicas: 2, args: ['--a', '--b'], base: SPEC.base,
  });
});

test('variables that are hidden, or refer to a field of the pod, are left as they are', () => {
  const form = editFormOf(SPEC);

  expect(form.env.map(({ name }) => name)).toEqual(['LEVEL', 'HF']);
  expect(changesOf(SPEC, { ...form, env: [] }).unsetEnv).toEqual(['LEVEL', 'HF']);
});

test('a changed variable is sent, a new name takes the old one away', () => {
  const form = editFormOf(SPEC);
  const [level, hf] = form.env;
  const env = [{ ...level, name: 'NIM_LEVEL' }, hf].filter((row) => row !== undefined) as typeof form.env;

  expect(changesOf(SPEC, { ...form, env })).toMatchObject({
    env: [{ name: 'NIM_LEVEL', value: 'info' }], unsetEnv: ['LEVEL'],
  });
});

test('problems are found before the server is asked', () => {
  const form = { ...editFormOf(SPEC), memory: 'lots' };

  expect(Object.keys(editProblems(form))).toEqual(['memory']);
});
