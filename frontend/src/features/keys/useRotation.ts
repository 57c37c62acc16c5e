import { useCallback, useEffect, useRef, useState } from 'react';

import { asProblem, Problem } from '../../api/problem';
import { readStream } from '../../api/stream';
import type { RotationEvent, RotationRequest } from '../../api/types';

export interface Rotation {
  state: 'idle' | 'running' | 'done' | 'failed';
  /** What was reported last, and what became of every deployment. */
  text: string;
  restarts: Extract<RotationEvent, { type: 'deployment' }>[];
  done: Extract<RotationEvent, { type: 'done' }> | null;
  problem: Problem | null;
}

export const NO_ROTATION: Rotation = {
  state: 'idle', text: '', restarts: [], done: null, problem: null,
};

/** Add what the server reports to what is known. */
export function advance(rotation: Rotation, event: RotationEvent): Rotation {
  switch (event.type) {
    case 'step':
      return { ...rotation, text: event.text };
    case 'news':
      return { ...rotation, text: `${event.deployment}: ${event.text}` };
    case 'deployment':
      return { ...rotation, restarts: [...rotation.restarts, event] };
    case 'done':
      return { ...rotation, state: 'done', done: event };
    case 'failed':
      return { ...rotation, state: 'failed', problem: new Problem(event.problem) };
  }
}

/** Replace a key and restart what uses it; the server goes on when the page is left. */
export function useRotation(project: string, onEnd: () => void) {
  const [rotation, setRotation] = useState(NO_ROTATION);
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);

  const start = useCallback(
    async (request: RotationRequest) => {
      const current = new AbortController();
      control.current = current;
      setRotation({ ...NO_ROTATION, state: 'running' });
      const url = `/api/v1/projects/${encodeURIComponent(project)}/key/rotations`;
      try {
        const events = readStream<RotationEvent>(url, {
          signal: current.signal, method: 'POST', body: request,
        });
        for await (const event of events) {
          setRotation((before) => advance(before, event));
        }
      } catch (error) {
        if (!current.signal.aborted) {
          setRotation((before) => ({ ...before, state: 'failed', problem: asProblem(error) }));
        }
      } finally {
        onEnd();
      }
    },
    [project, onEnd],
  );
  return { rotation, start };
}
