import {
  AlertActionLink,
  AlertGroup,
  ExpandableSection,
  List,
  ListItem,
  Stack,
  StackItem,
  Title,
} from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';

import type { Finding, Plan } from '../../api/types';
import { Alert } from '../../components/Alert';
import { CodeView } from '../../components/CodeView';
import { Facts } from '../../components/Facts';
import { QueryView } from '../../components/QueryView';

import { STEP_OF_FIELD, type StepId } from './checks';
import { EuWarning } from './ModelStep';
import { reviewSections, type ReviewAround } from './review';
import type { StepProps } from './StepProps';

interface ReviewStepProps extends StepProps {
  plan: UseQueryResult<Plan>;
  around: ReviewAround;
  onStep: (step: StepId) => void;
}

/** Every value once, what the server says about it, and the same as YAML and as a command. */
export function ReviewStep({ form, model, plan, around, onStep }: ReviewStepProps) {
  return (
    <Stack hasGutter>
      {model?.euRestricted && (
        <StackItem>
          <EuWarning model={model} />
        </StackItem>
      )}
      <StackItem>
        <QueryView query={plan} label="the plan" rows={6}>
          {(data) => (
            <Stack hasGutter>
              <StackItem>
                <PlanFindings findings={data.findings} onStep={onStep} />
              </StackItem>
              {!data.checked && (
                <StackItem>
                  <Alert
                    isInline
                    variant="info"
                    title="The cluster was not asked about the objects yet"
                  />
                </StackItem>
              )}
              {reviewSections(form, data, around).map(([title, facts]) => (
                <StackItem key={title}>
                  <Title headingLevel="h2" size="lg">
                    {title}
                  </Title>
                  <Facts facts={facts} compact />
                </StackItem>
              ))}
              <StackItem>
                <PlanTexts plan={data} />
              </StackItem>
            </Stack>
          )}
        </QueryView>
      </StackItem>
    </Stack>
  );
}

interface PlanFindingsProps {
  findings: readonly Finding[];
  onStep: (step: StepId) => void;
}

const VARIANTS = { error: 'danger', warning: 'warning', notice: 'info' } as const;
const ORDER = ['error', 'warning', 'notice'];

function PlanFindings({ findings, onStep }: PlanFindingsProps) {
  // The step of the model says it already, in the same words.
  const shown = findings.filter((finding) => finding.code !== 'eu-restricted');
  const sorted = [...shown].sort(
    (one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity),
  );
  return (
    <AlertGroup>
      {sorted.map((finding) => {
        const step = STEP_OF_FIELD[finding.subject];
        return (
          <Alert
            key={`${finding.code} ${finding.subject} ${finding.message}`}
            variant={VARIANTS[finding.severity]}
            isInline
            title={finding.message}
            actionLinks={
              step && <AlertActionLink onClick={() => onStep(step)}>Change it</AlertActionLink>
            }
          >
            {finding.remedy}
          </Alert>
        );
      })}
    </AlertGroup>
  );
}

function PlanTexts({ plan }: { plan: Plan }) {
  return (
    <>
      <ExpandableSection toggleText={`Objects that are made (${plan.objects.length})`}>
        <List>
          {plan.objects.map((one) => (
            <ListItem key={`${one.kind} ${one.name}`}>
              {one.kind}/{one.name}
              {one.owned ? ', goes with the deployment' : ', stays when the deployment is deleted'}
            </ListItem>
          ))}
        </List>
      </ExpandableSection>
      <ExpandableSection toggleText="YAML, without the key">
        <CodeView text={plan.yaml} label="YAML" fileName={`${plan.name}.yaml`} />
      </ExpandableSection>
      <ExpandableSection toggleText="The same as a command">
        <CodeView text={plan.command} label="command" />
      </ExpandableSection>
    </>
  );
}
