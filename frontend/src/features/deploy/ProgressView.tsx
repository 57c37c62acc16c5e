import {
  ActionList,
  ActionListItem,
  AlertActionLink,
  Button,
  Stack,
  StackItem,
  Title,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router-dom';

import { detailsQuery } from '../../api/queries';
import type { DeployStep, Plan } from '../../api/types';
import { useStatus } from '../../api/useStatus';
import { Alert } from '../../components/Alert';
import { EndpointList } from '../../components/EndpointList';
import { Explanations } from '../../components/Explanations';
import { Phases } from '../../components/Phases';
import { ProblemText } from '../../components/ProblemAlert';
import { StatusLabel } from '../../components/StatusLabel';

import { objectStates } from './objectStates';
import type { Run } from './useDeploy';

interface ProgressViewProps {
  run: Exclude<Run, { state: 'idle' }>;
  project: string;
  name: string;
  planned: Plan['objects'];
  onBack: () => void;
  onRetry: () => void;
}

/** First the objects, then the way of the pod to a served model. */
export function ProgressView(props: ProgressViewProps) {
  const { run, project, name, planned } = props;
  return (
    <Stack hasGutter>
      <StackItem>
        <Outcome {...props} />
      </StackItem>
      {run.state === 'done' && (
        <StackItem>
          <Start project={project} name={name} />
        </StackItem>
      )}
      <StackItem>
        <Title headingLevel="h2" size="lg">
          Objects
        </Title>
        <ObjectTable planned={planned} steps={run.steps} />
      </StackItem>
      {run.state === 'done' && (
        <StackItem>
          <ActionList>
            <ActionListItem>
              <Button
                variant="primary"
                component={(link) => <Link {...link} to={`/deployments/${project}/${name}`} />}
              >
                Open the deployment
              </Button>
            </ActionListItem>
            <ActionListItem>
              <Button variant="link" onClick={props.onBack}>
                Deploy another model
              </Button>
            </ActionListItem>
          </ActionList>
        </StackItem>
      )}
    </Stack>
  );
}

function Outcome({ run, name, onBack, onRetry }: ProgressViewProps) {
  switch (run.state) {
    case 'running':
      return (
        <Alert isInline isLiveRegion variant="info" title={`${name} is being made`}>
          You may leave this page: the server goes on, and takes everything back if it fails.
        </Alert>
      );
    case 'done':
      return (
        <Alert isInline isLiveRegion variant="success" title={`${name} was made`}>
          It is starting. The first start downloads the image and the weights, which takes a while.
        </Alert>
      );
    case 'failed':
      return (
        <Alert
          isInline
          isLiveRegion
          variant="danger"
          title={`${name} was not made`}
          actionLinks={
            <>
              <AlertActionLink onClick={onBack}>Back to the form</AlertActionLink>
              <AlertActionLink onClick={onRetry}>Deploy again</AlertActionLink>
            </>
          }
        >
          <ProblemText problem={run.problem} />
        </Alert>
      );
  }
}

function Start({ project, name }: { project: string; name: string }) {
  const liveness = useStatus(project, name);
  const details = useQuery({ ...detailsQuery({ project, name }), enabled: liveness === 'lost' }).data;
  if (!details) {
    return null;
  }
  return (
    <Stack hasGutter>
      <StackItem>
        <StatusLabel status={details.status} /> {details.message}
      </StackItem>
      <StackItem>
        <Phases phases={details.phases} />
      </StackItem>
      <StackItem>
        <Explanations explanations={details.explanations} />
      </StackItem>
      {details.status === 'Ready' && (
        <StackItem>
          <EndpointList endpoints={details.endpoints} />
        </StackItem>
      )}
    </Stack>
  );
}

interface ObjectTableProps {
  planned: Plan['objects'];
  steps: readonly DeployStep[];
}

function ObjectTable({ planned, steps }: ObjectTableProps) {
  return (
    <Table aria-label="Objects of the deployment" variant="compact">
      <Thead>
        <Tr>
          <Th>Object</Th>
          <Th>State</Th>
        </Tr>
      </Thead>
      <Tbody>
        {objectStates(planned, steps).map(([object, state]) => (
          <Tr key={object}>
            <Td dataLabel="Object">{object}</Td>
            <Td dataLabel="State">{state}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
