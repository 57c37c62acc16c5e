import { expect, test } from 'vitest';

import { nameProblems, proposeFreeName, proposeName } from './names';

test('every limit of a name has its own message', () => {
  expect(nameProblems('llama', 'team-a')).toEqual([]);
  expect(nameProblems('', 'team-a')).toEqual(['A name is needed.']);
  expect(nameProblems('Llama', 'team-a')).toContain('Only lower case letters, digits and dashes.');
  expect(nameProblems('1llama', 'team-a')).toContain('The first character is a letter.');
  expect(nameProblems('llama-', 'team-a')).toContain('No dash at the end.');
  expect(nameProblems('kserve-tritonserver', 'a')).toHaveLength(1);
});

test('a name that is too long in three ways says all three', () => {
  const problems = nameProblems('a'.repeat(54), 'b'.repeat(20));

  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain('at most 53');
  expect(problems[1]).toContain('at most 63');
  expect(problems[2]).toContain('at most 52');
});

test('name and project of 52 characters are good, 53 are not', () => {
  expect(nameProblems('a'.repeat(46), 'team-a')).toEqual([]);
  expect(nameProblems('a'.repeat(47), 'team-a')).toHaveLength(1);
});

test.each([
  'llama-3.1-8b-instruct', '3d-model', 'A__B', '...', 'kserve-tritonserver', 'x'.repeat(200), 'ÄÖ',
])('what is proposed for %s is a good name in any project', (model) => {
  for (const project of ['a', 'team-a', 'p'.repeat(45), 'p'.repeat(51)]) {
    expect(nameProblems(proposeName(model, project), project)).toEqual([]);
  }
});

test('a taken name is numbered', () => {
  expect(proposeFreeName('llama', 'team-a', ['llama', 'llama-2'])).toBe('llama-3');
  const long = proposeName('m'.repeat(60), 'team-a');
  expect(proposeFreeName('m'.repeat(60), 'team-a', [long])).toBe(`${'m'.repeat(28)}-2`);
});
