import { Stack, StackItem, Title } from '@patternfly/react-core';

import type { ChangePlan } from '../../api/types';
import { Alert } from '../../components/Alert';
import { CodeView } from '../../components/CodeView';
import { FindingList } from '../../components/FindingList';

/** What a change would do. */
export function ChangeReview({ plan }: { plan: ChangePlan }) {
  return (
    <Stack hasGutter>
      <StackItem>
        <Title headingLevel="h2" size="lg">
          What would change
        </Title>
      </StackItem>
      <StackItem>
        <FindingList findings={plan.findings} />
      </StackItem>
      <StackItem>
        <Alert
          isInline
          isLiveRegion
          variant={plan.restarts ? 'warning' : 'info'}
          title={plan.restarts ? 'The model restarts' : 'The model goes on without a restart'}
        />
      </StackItem>
      <StackItem>
        <CodeView text={plan.diff || 'Nothing.'} label="difference" />
      </StackItem>
    </Stack>
  );
}
