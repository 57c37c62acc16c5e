// @vitest-environment happy-dom
import { expect, test } from 'vitest';

import type { Plan } from '../../api/types';
import { makeModel } from '../../test/models';

import { EMPTY_FORM, type DeployForm } from './form';
import { reviewSections, variableText } from './review';

const FORM: DeployForm = {
  ...EMPTY_FORM, model: 'llama', tag: '1.8.3', project: 'team-x', name: 'my-llama',
  displayName: 'My model', description: 'For the docs', hardwareProfile: 'big', gpus: 7,
  cpu: '11', memory: '13Gi', shmSize: '17Gi', replicas: 19, storage: 'new', size: '23Gi',
  storageClass: 'fast', accessMode: 'ReadWriteMany', protocol: 'grpc', auth: true,
  tokens: [{ id: 1, name: 'reader', value: '' }],
};
const PLAN = {
  image: 'nvcr.io/nim/meta/llama:1.8.3', claim: 'nim-pvc-my-llama', strategy: 'Recreate',
  strategyReason: 'no second GPU', endpoints: [],
} as unknown as Plan;

test('UI-21: every decided value stands in the review exactly once', () => {
  const around = { model: makeModel(), collectKeys: true, hasEnteredKey: false, profileName: 'Big one' };

  const values = reviewSections(FORM, PLAN, around).flatMap(([, facts]) => facts.map(([, value]) => value));

  for (const wanted of [
    PLAN.image, 'team-x', 'my-llama', 'My model', 'For the docs', 'Big one', '7', '11', '13Gi',
    '17Gi', '19', 'nim-pvc-my-llama', '23Gi', 'fast', 'ReadWriteMany', 'reader',
    'Old pod goes first: no second GPU',
  ]) {
    expect(values.filter((value) => value === wanted), String(wanted)).toHaveLength(1);
  }
});

test('UI-20: a variable that looks like a secret is masked, a reference is named', () => {
  const row = { id: 1, name: 'API_TOKEN', source: 'value' as const, value: 'canary', from: '', fromKey: '' };

  expect(variableText(row)).not.toContain('canary');
  expect(variableText({ ...row, name: 'LEVEL' })).toContain('canary');
  expect(variableText({ ...row, source: 'secret', value: '', from: 'mine', fromKey: 'token' })).toBe(
    'API_TOKEN from Secret mine, key token',
  );
});
