import { useQuery } from '@tanstack/react-query';

import { api, unwrap } from '../../api/client';
import type { DeployRequest } from '../../api/types';

/** Ask the server what it would make. The key goes along and is part of no cache's name. */
export function usePlan(project: string, request: DeployRequest, isEnabled: boolean) {
  const { ownKey, ...visible } = request;
  return useQuery({
    queryKey: ['plan', project, visible, ownKey !== undefined],
    queryFn: () =>
      unwrap(
        api.POST('/api/v1/projects/{project}/plans', {
          params: { path: { project } },
          body: request,
        }),
      ),
    enabled: isEnabled,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
}
