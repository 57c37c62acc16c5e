import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router-dom';

import { deploymentsQuery, projectsQuery } from '../../api/queries';
import type { Deployments } from '../../api/types';
import { Alert } from '../../components/Alert';
import { PageBody } from '../../components/PageBody';
import { QueryView } from '../../components/QueryView';

import { DeploymentTable } from './DeploymentTable';
import { Remainders } from './Remainders';

/** Every deployment of every project that the caller may see. */
export function DeploymentsPage() {
  const deployments = useQuery(deploymentsQuery);
  const projects = useQuery(projectsQuery);
  return (
    <PageBody
      title="Deployments"
      lead="NVIDIA NIM models that are deployed in your projects."
      actions={<DeployButton />}
    >
      <QueryView query={deployments} label="deployments" rows={8}>
        {(data) => (
          <Stack hasGutter>
            {data.errors.length > 0 && (
              <StackItem>
                <ProjectErrors errors={data.errors} />
              </StackItem>
            )}
            {data.incomplete.length > 0 && (
              <StackItem>
                <Remainders remainders={data.incomplete} />
              </StackItem>
            )}
            <StackItem>
              {data.items.length === 0 ? (
                <Nothing />
              ) : (
                <DeploymentTable rows={data.items} projects={projects.data?.items ?? []} />
              )}
            </StackItem>
            {data.orphanClaims.length > 0 && (
              <StackItem>
                <OrphanClaims claims={data.orphanClaims} />
              </StackItem>
            )}
          </Stack>
        )}
      </QueryView>
    </PageBody>
  );
}

function DeployButton() {
  return <Button component={(link) => <Link {...link} to="/deploy" />}>Deploy a model</Button>;
}

function Nothing() {
  return (
    <EmptyState headingLevel="h2" titleText="Nothing is deployed yet" icon={CubesIcon}>
      <EmptyStateBody>Choose a model, and it runs in one of your projects a few minutes later.</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" component={(link) => <Link {...link} to="/models" />}>
            Look at the models
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function ProjectErrors({ errors }: { errors: Deployments['errors'] }) {
  return errors.map((error) => (
    <Alert key={error.project} isInline variant="warning" title={`${error.project} could not be read`}>
      {error.message}
    </Alert>
  ));
}

function OrphanClaims({ claims }: { claims: Deployments['orphanClaims'] }) {
  return (
    <Alert isInline variant="info" title="Volumes with weights that no deployment uses">
      {claims.map(({ project, name }) => `${project}/${name}`).join(', ')}. Choose one in the wizard to
      deploy without a download, or delete it with kubectl.
    </Alert>
  );
}
