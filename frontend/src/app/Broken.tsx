import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from '@patternfly/react-core';
import { useRouteError } from 'react-router-dom';

/** A fault of the page itself, or a part of it that could not be fetched. */
export function Broken() {
  const error = useRouteError();
  return (
    <EmptyState status="danger" headingLevel="h1" titleText="This page has a fault">
      <EmptyStateBody>
        Load it again; what you have filled in is kept. {error instanceof Error && error.message}
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button onClick={() => window.location.reload()}>Load again</Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
