import {
  AlertActionLink,
  Content,
  ExpandableSection,
  List,
  ListItem,
  Stack,
  StackItem,
} from '@patternfly/react-core';

import { asProblem, type Problem } from '../api/problem';

import { Alert } from './Alert';
import { FindingList } from './FindingList';

interface ProblemAlertProps {
  error: unknown;
  title?: string;
  onRetry?: () => void;
}

/** An error: what happened, what to do, what is left, and the raw text for those who want it. */
export function ProblemAlert({ error, title, onRetry }: ProblemAlertProps) {
  const problem = asProblem(error);
  return (
    <Alert
      variant={problem.status === 403 ? 'warning' : 'danger'}
      isInline
      title={title ?? headline(problem)}
      actionLinks={onRetry && <AlertActionLink onClick={onRetry}>Try again</AlertActionLink>}
    >
      <ProblemText problem={problem} />
    </Alert>
  );
}

/** The parts of an error, in the order in which a person needs them. */
export function ProblemText({ problem }: { problem: Problem }) {
  return (
    <Stack hasGutter>
      <StackItem>
        <Content component="p">{problem.message}</Content>
        {problem.remedy && <Content component="p">{problem.remedy}</Content>}
        {problem.retryAfter && (
          <Content component="p">Try again in {problem.retryAfter} seconds.</Content>
        )}
      </StackItem>
      {problem.findings.length > 0 && (
        <StackItem>
          <FindingList findings={problem.findings} />
        </StackItem>
      )}
      {problem.leftovers.length > 0 && (
        <StackItem>
          <Content component="p">These objects are left:</Content>
          <List>
            {problem.leftovers.map((left) => (
              <ListItem key={`${left.subject} ${left.message}`}>
                {left.subject}: {left.message} {left.remedy}
              </ListItem>
            ))}
          </List>
        </StackItem>
      )}
      <StackItem>
        <ExpandableSection toggleText="Technical details" isIndented>
          <Content component="small">
            {problem.body.title} ({problem.status || 'no answer'}), {problem.body.type}
          </Content>
        </ExpandableSection>
      </StackItem>
    </Stack>
  );
}

function headline(problem: Problem): string {
  switch (problem.status) {
    case 0:
      return 'The server does not answer';
    case 401:
      return 'Your login has ended';
    case 403:
      return 'You may not do this';
    case 404:
      return 'Not found';
    case 409:
      return 'This conflicts with what is there';
    case 429:
      return 'Too many requests';
    default:
      return problem.status >= 500 ? 'The server has a problem' : 'This cannot be done';
  }
}
