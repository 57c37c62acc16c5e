import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, unwrap } from '../../api/client';
import { deletionQuery } from '../../api/queries';

interface Place {
  project: string;
  name: string;
}

/** Stop or start a deployment. */
export function useSwitch(place: Place) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (to: 'stop' | 'start') =>
      to === 'stop'
        ? unwrap(
            api.POST('/api/v1/projects/{project}/deployments/{name}/stop', {
              params: { path: place },
            }),
          )
        : unwrap(
            api.POST('/api/v1/projects/{project}/deployments/{name}/start', {
              params: { path: place },
            }),
          ),
    // The details follow by themselves where they are shown.
    onSettled: () => client.invalidateQueries({ queryKey: ['deployments'], exact: true }),
  });
}

/** Delete a deployment, with or without its volume. */
export function useDelete(place: Place, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (withClaim: boolean) =>
      unwrap(
        api.DELETE('/api/v1/projects/{project}/deployments/{name}', {
          params: { path: place, query: { withClaim } },
        }),
      ),
    onSuccess: async (deleted) => {
      if (deleted.leftovers.length === 0) {
        onDone();
      }
      client.removeQueries({ queryKey: deletionQuery(place).queryKey });
      await client.invalidateQueries({ queryKey: ['deployments'], exact: true });
    },
  });
}
