import { useCallback, useEffect, useRef, useState } from 'react';

import { asProblem, Problem } from '../../api/problem';
import { readStream } from '../../api/stream';
import type { Deployed, DeployEvent, DeployRequest, DeployStep } from '../../api/types';

export type Run =
  | { state: 'idle' }
  | { state: 'running'; steps: DeployStep[] }
  | { state: 'done'; steps: DeployStep[]; deployed: Deployed }
  | { state: 'failed'; steps: DeployStep[]; problem: Problem };

/** Add what the server reports to what is known of a run. */
export function advance(run: Run, event: DeployEvent): Run {
  const steps = run.state === 'idle' ? [] : run.steps;
  switch (event.type) {
    case 'object':
      return { state: 'running', steps: [...steps, event] };
    case 'done':
      return { state: 'done', steps, deployed: event.deployment };
    case 'failed':
      return { state: 'failed', steps, problem: new Problem(event.problem) };
  }
}

/** Make a deployment, and tell how it goes. Leaving the page does not stop the server. */
export function useDeploy(url: (project: string) => string) {
  const [run, setRun] = useState<Run>({ state: 'idle' });
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);

  const start = useCallback(
    async (project: string, request: DeployRequest) => {
      control.current?.abort();
      const current = new AbortController();
      control.current = current;
      setRun({ state: 'running', steps: [] });
      try {
        let ended = false;
        const events = readStream<DeployEvent>(url(project), {
          signal: current.signal,
          method: 'POST',
          body: request,
        });
        for await (const event of events) {
          ended = event.type !== 'object';
          setRun((before) => advance(before, event));
        }
        if (!ended) {
          throw lost();
        }
      } catch (error) {
        if (!current.signal.aborted) {
          const problem = asProblem(error);
          setRun((before) => ({
            state: 'failed',
            steps: before.state === 'idle' ? [] : before.steps,
            problem,
          }));
        }
      }
    },
    [url],
  );

  return { run, start, reset: useCallback(() => setRun({ state: 'idle' }), []) };
}

function lost(): Problem {
  return new Problem({
    title: 'Connection lost',
    detail: 'The connection was lost while the server was at work; it goes on without this page.',
    remedy: 'Deploy again: the same request is not made twice.',
  });
}

export function deployUrl(project: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}/deployments`;
}
