import { EmptyState, EmptyStateBody, Form, FormGroup, Stack, StackItem } from '@patternfly/react-core';
import KeyIcon from '@patternfly/react-icons/dist/esm/icons/key-icon';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router-dom';

import { keyQuery, projectsQuery, sessionQuery } from '../../api/queries';
import { PageBody } from '../../components/PageBody';
import { ProjectSelect } from '../../components/ProjectSelect';
import { QueryView } from '../../components/QueryView';

import { KeyCard } from './KeyCard';

/** The key of a project: its state, who uses it, and how to change it. */
export function KeyPage() {
  const [parameters, setParameters] = useSearchParams();
  const project = parameters.get('project') ?? '';
  const session = useQuery(sessionQuery);
  const projects = useQuery(projectsQuery);
  return (
    <PageBody
      title="Project key"
      lead="The NGC API key that a project’s deployments pull images and download weights with."
    >
      <QueryView query={session} label="your session">
        {(who) =>
          who.collectKeys ? (
            <QueryView query={projects} label="projects">
              {(where) => (
                <Stack hasGutter>
                  <StackItem>
                    <Form onSubmit={(event) => event.preventDefault()}>
                      <FormGroup label="Project" fieldId="key-project">
                        <ProjectSelect
                          id="key-project"
                          value={project}
                          projects={where.items}
                          emptyText="Choose a project"
                          onChange={(next) => setParameters(next ? { project: next } : {})}
                        />
                      </FormGroup>
                    </Form>
                  </StackItem>
                  <StackItem>
                    <ProjectKey project={project} validates={who.validateKeys} />
                  </StackItem>
                </Stack>
              )}
            </QueryView>
          ) : (
            <NoKeys />
          )
        }
      </QueryView>
    </PageBody>
  );
}

function ProjectKey({ project, validates }: { project: string; validates: boolean }) {
  const state = useQuery(keyQuery(project));
  if (!project) {
    return (
      <EmptyState headingLevel="h2" titleText="Choose a project" icon={KeyIcon}>
        <EmptyStateBody>Every project has a key of its own.</EmptyStateBody>
      </EmptyState>
    );
  }
  return (
    <QueryView query={state} label="the state of the key">
      {(data) => <KeyCard key={project} state={data} validates={validates} />}
    </QueryView>
  );
}

function NoKeys() {
  return (
    <EmptyState headingLevel="h2" titleText="This cluster collects no keys" icon={KeyIcon}>
      <EmptyStateBody>
        An administrator has turned keys off: images are pulled with the cluster’s own credentials.
      </EmptyStateBody>
    </EmptyState>
  );
}
