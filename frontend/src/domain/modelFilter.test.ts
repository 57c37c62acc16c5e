import { expect, test } from 'vitest';

import { makeModel } from '../test/models';

import {
  filterModels, gpuText, indexModels, isMovingTag, NO_FILTER, preselectedTag,
} from './modelFilter';

const LLAMA = makeModel();
const EMBED = makeModel({
  key: 'embed', name: 'embed', displayName: 'Embedder', repository: 'nim/nvidia/embed',
  publisher: 'NVIDIA', shortDescription: 'Turns text into vectors.', family: 'retriever-embed',
  protocols: ['http', 'grpc'], euRestricted: true, gpu: null,
});
const INDEX = indexModels([LLAMA, EMBED]);

function found(filter: Partial<typeof NO_FILTER>) {
  return filterModels(INDEX, { ...NO_FILTER, ...filter }).map(({ key }) => key);
}

test('the search looks into names, publisher, description and tags', () => {
  expect(found({ text: 'llama' })).toEqual([LLAMA.key]);
  expect(found({ text: 'nvidia' })).toEqual(['embed']);
  expect(found({ text: 'VECTORS text' })).toEqual(['embed']);
  expect(found({ text: '1.8.3' })).toHaveLength(2);
  expect(found({ text: 'vectors llama' })).toEqual([]);
});

test('marks narrow down further', () => {
  expect(found({ family: 'llm' })).toEqual([LLAMA.key]);
  expect(found({ eu: true })).toEqual([LLAMA.key]);
  expect(found({ grpc: true })).toEqual(['embed']);
  expect(found({ gpu: 'one' })).toEqual([LLAMA.key]);
  expect(found({ gpu: 'many' })).toEqual([]);
});

test('200 models of 20 tags are filtered within 100 ms', () => {
  const tags = Array.from({ length: 20 }, (_, tag) => `1.${tag}.0`);
  const many = indexModels(
    Array.from({ length: 200 }, (_, place) =>
      makeModel({ key: `model-${place}`, displayName: `Model ${place}`, tags }),
    ),
  );

  const start = performance.now();
  const last = filterModels(many, { ...NO_FILTER, text: 'model 199 1.19.0' });
  const took = performance.now() - start;

  console.info(`filter of 200 × 20: ${took.toFixed(2)} ms of 100 ms`);
  expect(last).toHaveLength(1);
});

test('the default tag goes before the latest, and that before the first', () => {
  expect(preselectedTag(LLAMA)).toBe('1.8.3');
  expect(preselectedTag(makeModel({ defaultTag: null }))).toBe('1.13.1');
  expect(preselectedTag(makeModel({ defaultTag: null, latestTag: null, tags: ['x'] }))).toBe('x');
});

test('a tag without a full version moves', () => {
  expect(['latest', '1', '1.8'].map(isMovingTag)).toEqual([true, true, true]);
  expect(['1.8.3', '1.14.0-pb5.3', 'v2.0.1'].map(isMovingTag)).toEqual([false, false, false]);
});

test('what is not published is said so', () => {
  expect(gpuText(EMBED)).toBe('GPU need not published');
  expect(gpuText(LLAMA)).toBe('1, 2 GPUs, 80 GiB');
  expect(gpuText(makeModel({ gpu: { required: false, counts: [], products: [], memoryGib: null } }))).toBe(
    'No GPU needed',
  );
});
