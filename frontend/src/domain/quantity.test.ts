import { expect, test } from 'vitest';

import { formatBytes, parseQuantity, quantityProblem } from './quantity';

test.each([
  ['2', 2], ['500m', 0.5], ['8Gi', 8 * 2 ** 30], ['1.5G', 1.5e9], [' 4Ti ', 4 * 2 ** 40],
])('%s is %d', (text, wanted) => {
  expect(parseQuantity(text)).toBeCloseTo(wanted);
});

test.each(['', '8 Gi', 'Gi', '8GB', '٣', '1e', '0x10'])('%s is no quantity', (text) => {
  expect(parseQuantity(text)).toBeNull();
  expect(quantityProblem(text, '8Gi')).toContain('8Gi');
});

test('nothing and less than nothing are refused', () => {
  expect(quantityProblem('0', '2')).not.toBe('');
  expect(quantityProblem('-1', '2')).not.toBe('');
  expect(quantityProblem('1', '2')).toBe('');
});

test('bytes are written as people read them', () => {
  expect(formatBytes(16e9)).toBe('14.9 GiB');
  expect(formatBytes(512)).toBe('512 B');
});
