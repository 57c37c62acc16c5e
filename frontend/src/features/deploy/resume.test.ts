import { expect, test } from 'vitest';

import type { Models, Remainder } from '../../api/types';
import { makeModel } from '../../test/models';

import { formOfRemainder } from './resume';

const MODEL = makeModel();
const NOTHING: Remainder['draft'] = {
  model: null, tag: null, image: null, name: 'half', displayName: null, protocol: null, claim: null,
  size: null, storageClass: null, accessMode: null,
};
const LEFT: Remainder = {
  requestId: 'r', project: 'team-a', name: 'half', reason: '', objects: [], draft: NOTHING,
};
const MODELS = { items: [MODEL] } as unknown as Models;

test('what the objects tell is filled in again, the rest is proposed', () => {
  const draft = { ...NOTHING, model: MODEL.key, tag: '1.13.1', size: '70Gi', storageClass: 'fast' };

  const form = formOfRemainder({ ...LEFT, draft }, MODELS);

  expect(form).toMatchObject({
    project: 'team-a', name: 'half', model: MODEL.key, tag: '1.13.1', size: '70Gi',
    storageClass: 'fast', accessMode: 'ReadWriteOnce',
  });
});

test('a run of which only the name is known asks for the model', () => {
  expect(formOfRemainder(LEFT, MODELS)).toMatchObject({ name: 'half', model: '', project: 'team-a' });
});
