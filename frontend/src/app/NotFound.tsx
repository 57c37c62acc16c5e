import { EmptyState, EmptyStateBody } from '@patternfly/react-core';
import { Link } from 'react-router-dom';

import { PageBody } from '../components/PageBody';

/** An address without a page. */
export function NotFound() {
  return (
    <PageBody title="Page not found">
      <EmptyState headingLevel="h2" titleText="There is no such page">
        <EmptyStateBody>
          <Link to="/models">Go to the models</Link>
        </EmptyStateBody>
      </EmptyState>
    </PageBody>
  );
}
