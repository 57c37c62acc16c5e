import { REQUESTED_BY } from './client';
import { asProblem, Problem, problemOf } from './problem';
import { reportLoginEnded } from './session';

interface StreamOptions {
  signal: AbortSignal;
  method?: 'GET' | 'POST';
  body?: unknown;
}

/** Read a stream of server-sent events, one JSON value each; comments are what keeps it alive. */
export async function* readStream<T>(url: string, options: StreamOptions): AsyncGenerator<T> {
  const response = await open(url, options);
  if (!response.body) {
    throw new Problem({ title: 'No answer', detail: 'The server sent nothing.' });
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = dataOf(block);
        if (data) {
          yield JSON.parse(data) as T;
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function open(url: string, { signal, method = 'GET', body }: StreamOptions) {
  let response: Response;
  try {
    response = await window.fetch(url, {
      method,
      signal,
      headers: {
        ...REQUESTED_BY,
        Accept: 'text/event-stream',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    throw signal.aborted ? error : asProblem(error);
  }
  if (response.status === 401) {
    reportLoginEnded(true);
  }
  if (!response.ok) {
    throw await problemOf(response);
  }
  return response;
}

/** The data lines of one event. */
export function dataOf(block: string): string {
  return block
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
}
