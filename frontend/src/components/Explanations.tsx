import { Content, ExpandableSection } from '@patternfly/react-core';

import type { Explanation } from '../api/types';

import { Alert } from './Alert';

/** Failures in plain words: the cause, what helps, and the cluster's own text to unfold. */
export function Explanations({ explanations }: { explanations: readonly Explanation[] }) {
  return explanations.map((one) => (
    <Alert
      key={`${one.code} ${one.subject}`}
      variant={one.fatal ? 'danger' : 'warning'}
      isInline
      title={one.cause}
    >
      <Content component="p">{one.action}</Content>
      <ExpandableSection toggleText={`What the cluster says about ${one.subject}`}>
        <Content component="pre">{one.raw || 'Nothing more.'}</Content>
      </ExpandableSection>
    </Alert>
  ));
}
