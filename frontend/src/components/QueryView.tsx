import { EmptyState, EmptyStateBody, Skeleton, Stack, StackItem } from '@patternfly/react-core';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { asProblem } from '../api/problem';

import { ProblemAlert } from './ProblemAlert';

interface QueryViewProps<T> {
  query: UseQueryResult<T>;
  /** What is being loaded, for those who hear the page. */
  label: string;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** What a query gives, or why it gives nothing yet. */
export function QueryView<T>({ query, label, rows = 4, children }: QueryViewProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && (
          <ProblemAlert
            error={query.error}
            title="This may be out of date"
            onRetry={() => void query.refetch()}
          />
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) {
    if (asProblem(query.error).status === 403) {
      return <Forbidden error={query.error} />;
    }
    return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  }
  return <Loading label={label} rows={rows} />;
}

/** Grey bars in place of what is to come. */
export function Loading({ label, rows = 4 }: { label: string; rows?: number }) {
  return (
    <Stack hasGutter aria-busy="true">
      {Array.from({ length: rows }, (_, row) => (
        <StackItem key={row}>
          <Skeleton
            width={`${100 - (row % 3) * 15}%`}
            screenreaderText={row === 0 ? `Loading ${label}` : undefined}
          />
        </StackItem>
      ))}
    </Stack>
  );
}

function Forbidden({ error }: { error: unknown }) {
  const problem = asProblem(error);
  return (
    <EmptyState headingLevel="h2" titleText="You may not see this" icon={LockIcon}>
      <EmptyStateBody>
        {problem.message} {problem.remedy}
      </EmptyStateBody>
    </EmptyState>
  );
}
