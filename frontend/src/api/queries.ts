import { QueryClient, queryOptions } from '@tanstack/react-query';

import { api, unwrap } from './client';
import { asProblem } from './problem';

const TWICE = 2;

/** Errors of the caller are final; only what may pass is tried again. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (count, error) => {
          const { status } = asProblem(error);
          return (status === 0 || status >= 500) && count < TWICE;
        },
        retryDelay: (count) => 500 * 2 ** count,
      },
    },
  });
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => unwrap(api.GET('/api/v1/session')),
  staleTime: 30_000,
});

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: () => unwrap(api.GET('/api/v1/projects')),
  staleTime: 60_000,
});

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: () => unwrap(api.GET('/api/v1/models')),
  staleTime: 300_000,
});

export const adminQuery = queryOptions({
  queryKey: ['admin'],
  queryFn: () => unwrap(api.GET('/api/v1/admin')),
});

export const deploymentsQuery = queryOptions({
  queryKey: ['deployments'],
  queryFn: () => unwrap(api.GET('/api/v1/deployments')),
  refetchInterval: 10_000,
});

export function keyQuery(project: string) {
  return queryOptions({
    queryKey: ['key', project],
    queryFn: () =>
      unwrap(api.GET('/api/v1/projects/{project}/key', { params: { path: { project } } })),
    enabled: project !== '',
  });
}

export function storageQuery(project: string) {
  return queryOptions({
    queryKey: ['storage', project],
    queryFn: () =>
      unwrap(api.GET('/api/v1/projects/{project}/storage', { params: { path: { project } } })),
    enabled: project !== '',
  });
}

export function hardwareQuery(project: string) {
  return queryOptions({
    queryKey: ['hardware', project],
    queryFn: () =>
      unwrap(api.GET('/api/v1/projects/{project}/hardware', { params: { path: { project } } })),
    enabled: project !== '',
  });
}

interface Place {
  project: string;
  name: string;
}

export function detailsQuery(place: Place) {
  return queryOptions({
    queryKey: ['deployments', place.project, place.name],
    queryFn: () =>
      unwrap(
        api.GET('/api/v1/projects/{project}/deployments/{name}', { params: { path: place } }),
      ),
  });
}

export function eventsQuery(place: Place) {
  return queryOptions({
    queryKey: ['events', place.project, place.name],
    queryFn: () =>
      unwrap(
        api.GET('/api/v1/projects/{project}/deployments/{name}/events', { params: { path: place } }),
      ),
    refetchInterval: 5_000,
  });
}

export function containersQuery(place: Place) {
  return queryOptions({
    queryKey: ['containers', place.project, place.name],
    queryFn: () =>
      unwrap(
        api.GET('/api/v1/projects/{project}/deployments/{name}/containers', {
          params: { path: place },
        }),
      ),
    refetchInterval: 10_000,
  });
}

export function deletionQuery(place: Place) {
  return queryOptions({
    queryKey: ['deletion', place.project, place.name],
    queryFn: () =>
      unwrap(
        api.GET('/api/v1/projects/{project}/deployments/{name}/deletion', {
          params: { path: place },
        }),
      ),
    staleTime: 0,
  });
}

export function specificationQuery(place: Place) {
  return queryOptions({
    queryKey: ['specification', place.project, place.name],
    queryFn: () =>
      unwrap(
        api.GET('/api/v1/projects/{project}/deployments/{name}/specification', {
          params: { path: place },
        }),
      ),
    staleTime: 0,
    gcTime: 0,
  });
}

export function rotationQuery(project: string) {
  return queryOptions({
    queryKey: ['key', project, 'rotation'],
    queryFn: () =>
      unwrap(api.GET('/api/v1/projects/{project}/key/rotation', { params: { path: { project } } })),
    staleTime: 0,
  });
}
