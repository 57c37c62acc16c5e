import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { asProblem, Problem } from './problem';
import { detailsQuery } from './queries';
import { readStream } from './stream';
import type { StatusEvent } from './types';

export type Liveness = 'connecting' | 'live' | 'lost' | 'gone';
const PAUSE = 2000;

/** Keep a deployment's details in the cache current for as long as somebody looks. */
export function useStatus(project: string, name: string): Liveness {
  const client = useQueryClient();
  const [liveness, setLiveness] = useState<Liveness>('connecting');

  useEffect(() => {
    const control = new AbortController();
    const key = detailsQuery({ project, name }).queryKey;
    const take = (event: StatusEvent): boolean => {
      if (event.type === 'details') {
        setLiveness('live');
        // An answer that is still on its way is older than this.
        void client.cancelQueries({ queryKey: key, exact: true });
        client.setQueryData(key, event.details);
      } else if (event.type === 'gone') {
        setLiveness('gone');
      } else {
        throw new Problem(event.problem);
      }
      return event.type !== 'gone';
    };
    void follow(statusUrl(project, name), control.signal, take, () => setLiveness('lost'));
    return () => control.abort();
  }, [client, project, name]);

  return liveness;
}

async function follow(
  url: string,
  signal: AbortSignal,
  take: (event: StatusEvent) => boolean,
  lost: () => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of readStream<StatusEvent>(url, { signal })) {
        if (!take(event)) {
          return;
        }
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      lost();
      const { status } = asProblem(error);
      if (status === 403 || status === 404) {
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

function statusUrl(project: string, name: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}/deployments/${encodeURIComponent(name)}/status`;
}
