import createClient, { type Middleware } from 'openapi-fetch';

import { asProblem, problemOf, type Problem } from './problem';
import type { paths } from './schema';
import { reportLoginEnded } from './session';

export const REQUESTED_BY = { 'X-Odh-Nim': '1' };

const login: Middleware = {
  onResponse({ response }) {
    if (response.status === 401) {
      reportLoginEnded(true);
    }
  },
};

/** The server, typed by its own description. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  headers: REQUESTED_BY,
  // Looked up at every call, so that tests can put their own in.
  fetch: (request) => window.fetch(request),
});
api.use(login);

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** Give the answer's data, or throw its problem. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    throw asProblem(error);
  }
  if (answer.response.ok && answer.data !== undefined) {
    return answer.data;
  }
  throw await refused(answer);
}

async function refused(answer: Answer<unknown>): Promise<Problem> {
  // The client has read the body already: put it back for the one place that reads problems.
  const body = typeof answer.error === 'string' ? answer.error : JSON.stringify(answer.error ?? {});
  const { status, statusText, headers } = answer.response;
  return problemOf(new Response(body, { status: status || 500, statusText, headers }));
}
