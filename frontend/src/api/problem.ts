import type { Finding, ProblemBody } from './types';

/** An answer that is no success, as the server describes it; a lost connection has status 0. */
export class Problem extends Error {
  readonly body: ProblemBody;
  readonly retryAfter: number | null;

  constructor(body: Partial<ProblemBody>, retryAfter: number | null = null) {
    super(body.detail ?? body.title ?? 'Something went wrong.');
    this.name = 'Problem';
    this.retryAfter = retryAfter;
    this.body = {
      type: body.type ?? 'about:blank',
      title: body.title ?? 'Error',
      status: body.status ?? 0,
      detail: body.detail ?? '',
      remedy: body.remedy ?? '',
      findings: body.findings ?? [],
      leftovers: body.leftovers ?? [],
      errors: body.errors ?? [],
    };
  }

  get status(): number {
    return this.body.status;
  }

  get findings(): Finding[] {
    return this.body.findings ?? [];
  }

  get leftovers(): Finding[] {
    return this.body.leftovers ?? [];
  }

  get remedy(): string {
    return this.body.remedy ?? '';
  }
}

/** Read a refused answer; a proxy's page of HTML is not shown. */
export async function problemOf(response: Response): Promise<Problem> {
  const seconds = Number(response.headers.get('Retry-After') ?? '');
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : null;
  if (response.headers.get('Content-Type')?.includes('json')) {
    const body = (await response.json().catch(() => ({}))) as Partial<ProblemBody>;
    return new Problem({ ...body, status: response.status }, retryAfter);
  }
  return new Problem(
    {
      title: response.statusText || `HTTP ${response.status}`,
      status: response.status,
      detail: `The server answered ${response.status}.`,
    },
    retryAfter,
  );
}

/** Turn anything that was thrown into a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  return new Problem({
    title: 'No connection',
    detail: 'The server does not answer.',
    remedy: 'Check the connection and try again; what you filled in is kept.',
  });
}
