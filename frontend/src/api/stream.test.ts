// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest';

import { Problem } from './problem';
import { isLoginEnded } from './session';
import { readStream } from './stream';

afterEach(() => vi.unstubAllGlobals());

function answer(chunks: string[], init: ResponseInit = {}): void {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(control) {
      chunks.forEach((chunk) => control.enqueue(encoder.encode(chunk)));
      control.close();
    },
  });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, init)));
}

async function all(): Promise<unknown[]> {
  const events = [];
  for await (const event of readStream('/x', { signal: new AbortController().signal })) {
    events.push(event);
  }
  return events;
}

test('events are put together across chunks, and comments are skipped', async () => {
  answer(['data: {"a"', ': 1}\n\n: still here\n\nda', 'ta: {"b": 2}\r\n\r\n']);

  expect(await all()).toEqual([{ a: 1 }, { b: 2 }]);
});

test('a refusal is thrown as its problem, and a lost login is reported', async () => {
  answer(['{"detail": "no", "remedy": "ask"}'], {
    status: 401, headers: { 'Content-Type': 'application/problem+json' },
  });

  await expect(all()).rejects.toMatchObject({ message: 'no', remedy: 'ask' });
  expect(isLoginEnded()).toBe(true);
});

test('a proxy’s page is no problem of ours to show', async () => {
  answer(['<html><script>x</script>'], { status: 502, headers: { 'Content-Type': 'text/html' } });

  const failure = await all().catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(Problem);
  expect((failure as Problem).message).toBe('The server answered 502.');
});
