import {
  Card,
  CardBody,
  CardTitle,
  Content,
  Flex,
  Label,
  List,
  ListItem,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { adminQuery } from '../../api/queries';
import type { Admin, Finding } from '../../api/types';
import { Alert } from '../../components/Alert';
import { Facts } from '../../components/Facts';
import { FindingList } from '../../components/FindingList';
import { PageBody } from '../../components/PageBody';
import { QueryView } from '../../components/QueryView';
import { dateOf } from '../../domain/time';

const OLD_DAYS = 90;

/** The state of the installation, as far as the one who asks may see it. */
export function AdminPage() {
  const admin = useQuery(adminQuery);
  return (
    <PageBody title="Administration" lead="The state of this installation, seen with your rights.">
      <QueryView query={admin} label="the installation" rows={8}>
        {(data) => (
          <Stack hasGutter>
            <Section title="Catalogue">
              <Catalogue catalogue={data.catalogue} />
            </Section>
            <Section title="Configuration">
              <Configuration admin={data} />
            </Section>
            <Section title="Prerequisites">
              <Findings findings={data.prerequisites} good="Everything that is needed is there." />
            </Section>
            <Section title="Leftovers of the old integration">
              <Leftovers admin={data} />
            </Section>
          </Stack>
        )}
      </QueryView>
    </PageBody>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <StackItem>
      <Card>
        <CardTitle component="h2">{title}</CardTitle>
        <CardBody>{children}</CardBody>
      </Card>
    </StackItem>
  );
}

function Catalogue({ catalogue }: { catalogue: Admin['catalogue'] }) {
  if (!catalogue) {
    return (
      <Alert isInline variant="danger" title="There is no catalogue">
        Apply the released manifests, or check the ConfigMap that the configuration names.
      </Alert>
    );
  }
  const age = catalogue.ageDays;
  return (
    <Flex direction={{ default: 'column' }}>
      {age !== null && age > OLD_DAYS && (
        <Alert isInline variant="warning" title={`The catalogue is ${age} days old`}>
          Newer models and tags are missing. Apply a newer release.
        </Alert>
      )}
      <Facts
        facts={[
          ['Source', catalogue.source],
          ['Origin', catalogue.custom ? 'Chosen by an administrator' : 'Shipped'],
          ['Revision', catalogue.revision],
          ['Date', catalogue.date && dateOf(catalogue.date)],
          ['Age', age === null ? '' : `${age} days`],
          ['Models', String(catalogue.models)],
          ['Entries that cannot be used', String(catalogue.broken)],
          ['Edited', catalogue.edited ? 'Yes: it differs from what was shipped' : 'No'],
        ]}
      />
    </Flex>
  );
}

function Configuration({ admin }: { admin: Admin }) {
  const { configuration } = admin;
  return (
    <Flex direction={{ default: 'column' }}>
      <FindingList findings={configuration.findings} />
      <Facts
        facts={[
          ['Where it stands', configuration.source],
          ['Applications namespace', configuration.applicationsNamespace ?? 'Not installed'],
          ['Keys are collected', yes(configuration.collectKeys)],
          ['Keys are checked with NVIDIA', yes(configuration.validateKeys)],
          ['Own list of models', configuration.customConfigMap ?? 'None'],
          ['Cluster', admin.variant === 'openshift' ? 'OpenShift' : 'Kubernetes'],
          ['Version of the cluster', admin.clusterVersion],
          ['Version of odh-nim', admin.version],
          ['You are', admin.user],
        ]}
      />
    </Flex>
  );
}

function Findings({ findings, good }: { findings: readonly Finding[]; good: string }) {
  return findings.length === 0 ? (
    <Label status="success">{good}</Label>
  ) : (
    <FindingList findings={findings} />
  );
}

function Leftovers({ admin }: { admin: Admin }) {
  const { leftovers, upgrade } = admin;
  return (
    <Flex direction={{ default: 'column' }}>
      <Findings findings={leftovers} good="Nothing is left of it." />
      {upgrade && (
        <>
          <Content component="h3">Last clean-up</Content>
          <Facts
            facts={[
              ['State', upgrade.state],
              ['When', upgrade.at],
              ['Deleted', lines(upgrade.deleted.map(({ object }) => object))],
              ['Changed', lines(upgrade.changed.map(({ object }) => object))],
              ['Left', lines(upgrade.left)],
              ['Advice', lines(upgrade.advice)],
            ]}
          />
        </>
      )}
      <Content component="small">
        Plan the clean-up with <code>odh-nim upgrade plan</code>, and run it with{' '}
        <code>odh-nim upgrade apply</code>.
      </Content>
    </Flex>
  );
}

function lines(texts: readonly string[]): ReactNode {
  return texts.length === 0 ? '' : (
    <List isPlain>
      {texts.map((text) => (
        <ListItem key={text}>{text}</ListItem>
      ))}
    </List>
  );
}

function yes(value: boolean): string {
  return value ? 'Yes' : 'No';
}
