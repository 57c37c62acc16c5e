import { expect, test } from 'vitest';

import { makeModel } from '../../test/models';

import { EMPTY_FORM, reduceForm, toRequest, type DeployForm } from './form';

const MODEL = makeModel();
const CHOSEN = reduceForm(
  reduceForm(EMPTY_FORM, { type: 'model', model: MODEL }),
  { type: 'project', project: 'team-a', model: MODEL },
);

test('a model brings its tag, size, GPUs, protocol and name', () => {
  expect(CHOSEN).toMatchObject({
    model: MODEL.key, tag: '1.8.3', size: '20Gi', gpus: 1, protocol: 'http',
    name: 'llama-3-1-8b-instruct',
  });
});

test('a family that speaks gRPC alone gets gRPC, a model without need of GPUs none', () => {
  const model = makeModel({
    protocols: ['grpc'], gpu: { required: false, counts: [], products: [], memoryGib: null },
  });

  const form = reduceForm(EMPTY_FORM, { type: 'model', model });

  expect(form).toMatchObject({ protocol: 'grpc', gpus: 0 });
});

test('a name that was typed stays when the model or the project changes', () => {
  const named = reduceForm(CHOSEN, { type: 'name', name: 'mine' });

  const other = reduceForm(named, { type: 'model', model: makeModel({ key: 'other', name: 'other' }) });
  const moved = reduceForm(other, { type: 'project', project: 'team-b', model: MODEL });

  expect(moved.name).toBe('mine');
});

test('another project forgets the volume and the profile of the last one', () => {
  const form: DeployForm = { ...CHOSEN, claim: 'weights', hardwareProfile: 'big' };

  const moved = reduceForm(form, { type: 'project', project: 'team-b', model: MODEL });

  expect(moved).toMatchObject({ claim: '', hardwareProfile: '', project: 'team-b' });
});

test('the same model again keeps what was decided; a tag of its own is taken', () => {
  const form = reduceForm({ ...CHOSEN, size: '99Gi' }, { type: 'model', model: MODEL, tag: '1.13.1' });

  expect(form).toMatchObject({ size: '99Gi', tag: '1.13.1' });
});

test('the request holds the key only when one is given', () => {
  expect(toRequest(CHOSEN, '')).not.toHaveProperty('ownKey');
  expect(toRequest(CHOSEN, '', 'nvapi-x')).toHaveProperty('ownKey', 'nvapi-x');
  expect(toRequest({ ...CHOSEN, key: 'none' }, '', 'nvapi-x')).not.toHaveProperty('ownKey');
});

test('variables keep their references, arguments are one per line', () => {
  const request = toRequest(
    {
      ...CHOSEN,
      args: ' --a \n\n--b',
      env: [
        { id: 1, name: 'A', source: 'value', value: 'x', from: '', fromKey: '' },
        { id: 2, name: 'B', source: 'secret', value: '', from: 'hf', fromKey: 'token' },
      ],
    },
    '',
  );

  expect(request.args).toEqual(['--a', '--b']);
  expect(request.env).toEqual([
    { name: 'A', value: 'x' },
    { name: 'B', valueFrom: { secretKeyRef: { name: 'hf', key: 'token', optional: false } } },
  ]);
});

test('an existing volume and another image replace what they stand for', () => {
  const request = toRequest(
    { ...CHOSEN, otherImage: 'r.io/a/b:1', storage: 'existing', claim: 'w.x', subPath: 'a' },
    '',
  );

  expect(request).not.toHaveProperty('model');
  expect(request.storage).toEqual({ kind: 'existing', claim: 'w.x', subPath: 'a' });
});
