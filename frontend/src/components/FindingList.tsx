import { AlertGroup } from '@patternfly/react-core';

import type { Finding } from '../api/types';

import { Alert } from './Alert';

const VARIANTS = { error: 'danger', warning: 'warning', notice: 'info' } as const;
const ORDER = ['error', 'warning', 'notice'];

/** Results of checks, the worst first. */
export function FindingList({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) {
    return null;
  }
  const sorted = [...findings].sort(
    (one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity),
  );
  return (
    <AlertGroup>
      {sorted.map((finding) => (
        <Alert
          key={`${finding.code} ${finding.subject} ${finding.message}`}
          variant={VARIANTS[finding.severity]}
          isInline
          title={finding.message}
        >
          {finding.remedy}
        </Alert>
      ))}
    </AlertGroup>
  );
}
