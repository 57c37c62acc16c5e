import { expect, test } from 'vitest';

import { subPathProblem, tokenProblem, variableProblem } from './variables';

test('reserved, doubled and impossible names of variables are refused', () => {
  expect(variableProblem('NIM_LOG_LEVEL', 'x', [])).toBe('');
  expect(variableProblem('1A', 'x', [])).not.toBe('');
  expect(variableProblem('NGC_API_KEY', 'x', [])).toContain('itself');
  expect(variableProblem('A', 'x', ['A'])).toContain('twice');
});

test('a key has no place in a variable', () => {
  expect(variableProblem('A', 'nvapi-abc', [])).toContain('NGC API key');
});

test.each(['/a', 'a/../b', 'a//b', '..', 'a/'])('%s is no folder of a claim', (path) => {
  expect(subPathProblem(path)).not.toBe('');
});

test('folders and tokens that are good', () => {
  expect(subPathProblem('')).toBe('');
  expect(subPathProblem('models/llama')).toBe('');
  expect(tokenProblem('ci-1', [])).toBe('');
  expect(tokenProblem('CI', [])).not.toBe('');
});
