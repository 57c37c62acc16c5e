// @vitest-environment happy-dom
import { expect, test } from 'vitest';

import type { DeployEvent } from '../../api/types';

import { objectStates } from './objectStates';
import { advance, type Run } from './useDeploy';

const MADE: DeployEvent = { type: 'object', action: 'create', kind: 'Secret', name: 'a', note: '' };

test('a run adds its steps and ends once', () => {
  let run: Run = { state: 'running', steps: [] };

  run = advance(run, MADE);
  run = advance(run, {
    type: 'done', deployment: { name: 'a', project: 'p', requestId: 'r', objects: [] },
  });

  expect(run).toMatchObject({ state: 'done', steps: [MADE] });
});

test('a failure keeps what was done and says why', () => {
  const run = advance({ state: 'running', steps: [] }, {
    type: 'failed',
    problem: { type: 't', title: 'x', status: 409, detail: 'quota', remedy: '', findings: [], leftovers: [], errors: [] },
  });

  expect(run.state === 'failed' && run.problem.message).toBe('quota');
});

test('the last that is known of an object counts', () => {
  const planned = [
    { kind: 'Secret', name: 'a', action: 'create' as const, owned: true },
    { kind: 'InferenceService', name: 'a', action: 'create' as const, owned: false },
  ];
  const back = { ...MADE, type: 'object' as const, action: 'take back' as const };

  expect(objectStates(planned, [{ ...MADE, type: 'object' }, back])).toEqual([
    ['Secret/a', 'Taken back'],
    ['InferenceService/a', 'Waiting'],
  ]);
});
