import { ExpandableSection, List, ListItem, Stack, StackItem, Title } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';

import type { DeploymentDetails } from '../../api/types';
import { Alert } from '../../components/Alert';
import { Explanations } from '../../components/Explanations';
import { Facts, type Fact } from '../../components/Facts';
import { FindingList } from '../../components/FindingList';
import { Phases } from '../../components/Phases';
import { StatusLabel } from '../../components/StatusLabel';
import { ago } from '../../domain/time';

const KEYS: Record<DeploymentDetails['key']['kind'], string> = {
  project: 'The project’s',
  own: 'Its own',
  other: 'Of a Secret that is not ours',
  none: 'None',
};

/** Where it stands, why, and what it is made of. */
export function Overview({ details }: { details: DeploymentDetails }) {
  return (
    <Stack hasGutter>
      <StackItem>
        <StatusLabel status={details.status} /> {details.message}
      </StackItem>
      {details.restartPending && (
        <StackItem>
          <Alert isInline variant="info" title="A restart is pending">
            Its pods were started before the last change of the key. Stop and start it to use the new one.
          </Alert>
        </StackItem>
      )}
      <StackItem>
        <Explanations explanations={details.explanations} />
        <FindingList findings={details.findings} />
      </StackItem>
      {!details.stopped && (
        <StackItem>
          <Phases phases={details.phases} />
        </StackItem>
      )}
      <StackItem>
        <Facts facts={facts(details)} />
      </StackItem>
      <StackItem>
        <Pods details={details} />
      </StackItem>
      <StackItem>
        <ExpandableSection toggleText="Objects">
          <List>
            {details.objects.map(({ kind, name }) => (
              <ListItem key={`${kind} ${name}`}>
                {kind}/{name}
              </ListItem>
            ))}
          </List>
        </ExpandableSection>
        <ExpandableSection toggleText="Conditions of KServe">
          <Conditions details={details} />
        </ExpandableSection>
      </StackItem>
    </Stack>
  );
}

function facts(details: DeploymentDetails): Fact[] {
  const { key } = details;
  const secret = key.secret ? `${KEYS[key.kind]} (${key.secret})` : KEYS[key.kind];
  return [
    ['Model', `${details.model}:${details.tag}`],
    ['Image', details.image],
    ['Project', details.project],
    ['Name', details.name],
    ['Protocol', details.protocol === 'grpc' ? 'gRPC' : 'HTTP'],
    ['Replicas', `${details.readyReplicas} of ${details.wantedReplicas} ready`],
    ['GPUs of one replica', String(details.gpus)],
    ['Hardware profile', details.hardwareProfile],
    ['Volume', details.claim],
    ['Key', secret],
    ['Token needed', details.auth ? 'Yes' : 'No'],
    ['Made', ago(details.createdAt)],
    ['Made by', details.managedBy],
  ];
}

function Pods({ details }: { details: DeploymentDetails }) {
  if (details.pods.length === 0) {
    return null;
  }
  return (
    <>
      <Title headingLevel="h2" size="lg">
        Pods
      </Title>
      <Table aria-label="Pods" variant="compact">
        <Thead>
          <Tr>
            <Th>Pod</Th>
            <Th>Phase</Th>
            <Th>Restarts</Th>
            <Th>Node</Th>
            <Th>Started</Th>
          </Tr>
        </Thead>
        <Tbody>
          {details.pods.map((pod) => (
            <Tr key={pod.name}>
              <Td dataLabel="Pod" modifier="breakWord">
                {pod.name}
                {!pod.current && ' (of an earlier version)'}
              </Td>
              <Td dataLabel="Phase">{pod.phase}</Td>
              <Td dataLabel="Restarts">{pod.restarts}</Td>
              <Td dataLabel="Node">{pod.node || '–'}</Td>
              <Td dataLabel="Started">{pod.startedAt ? ago(pod.startedAt) : '–'}</Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}

function Conditions({ details }: { details: DeploymentDetails }) {
  return (
    <Table aria-label="Conditions" variant="compact">
      <Thead>
        <Tr>
          <Th>Condition</Th>
          <Th>Status</Th>
          <Th>Reason</Th>
          <Th>Message</Th>
        </Tr>
      </Thead>
      <Tbody>
        {details.conditions.map((condition) => (
          <Tr key={condition.type}>
            <Td dataLabel="Condition">{condition.type}</Td>
            <Td dataLabel="Status">{condition.status}</Td>
            <Td dataLabel="Reason">{condition.reason || '–'}</Td>
            <Td dataLabel="Message" modifier="breakWord">
              {condition.message || '–'}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
