import { useEffect, useState } from 'react';

import { asProblem, Problem } from '../../api/problem';
import { readStream } from '../../api/stream';
import type { LogEvent } from '../../api/types';

export interface LogChoice {
  project: string;
  name: string;
  pod: string;
  container: string;
  previous: boolean;
  follow: boolean;
}

export interface LogState {
  lines: readonly string[];
  isEnded: boolean;
  problem: Problem | null;
}

const KEPT = 5000;
const TAIL = '1000';
const PAUSE = 100;

export function logUrl(choice: LogChoice, more: { download?: boolean } = {}): string {
  const { project, name, pod, container, previous, follow } = choice;
  const query = new URLSearchParams({
    pod,
    container,
    previous: String(previous),
    ...(more.download ? { download: 'true' } : { follow: String(follow), tail: TAIL }),
  });
  const place = `${encodeURIComponent(project)}/deployments/${encodeURIComponent(name)}`;
  return `/api/v1/projects/${place}/logs?${query.toString()}`;
}

/** The lines of a log as they come; the oldest go when there are too many. */
export function useLog(url: string): LogState {
  const [state, setState] = useState<LogState>({ lines: [], isEnded: false, problem: null });
  useEffect(() => {
    const control = new AbortController();
    let waiting: string[] = [];
    const flush = () => {
      if (waiting.length > 0) {
        const more = waiting;
        waiting = [];
        setState((before) => ({ ...before, lines: keep([...before.lines, ...more]) }));
      }
    };
    // Many lines, few renderings.
    const timer = setInterval(flush, PAUSE);
    const read = async () => {
      try {
        for await (const event of readStream<LogEvent>(url, { signal: control.signal })) {
          if (event.type === 'line') {
            waiting.push(event.line);
          } else if (event.type === 'failed') {
            throw new Problem(event.problem);
          }
        }
        flush();
        setState((before) => ({ ...before, isEnded: true }));
      } catch (error) {
        if (!control.signal.aborted) {
          flush();
          setState((before) => ({ ...before, isEnded: true, problem: asProblem(error) }));
        }
      }
    };
    void read();
    return () => {
      control.abort();
      clearInterval(timer);
    };
  }, [url]);
  return state;
}

export function keep(lines: readonly string[]): readonly string[] {
  return lines.length > KEPT ? lines.slice(-KEPT) : lines;
}
