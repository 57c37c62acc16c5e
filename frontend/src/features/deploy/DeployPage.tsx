import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router-dom';

import { deploymentsQuery, modelsQuery, projectsQuery, sessionQuery } from '../../api/queries';
import { Loading, QueryView } from '../../components/QueryView';
import { PageBody } from '../../components/PageBody';

import { DeployWizard } from './DeployWizard';

/** The page of the wizard; it starts once it knows who deploys, and what there is. */
export function DeployPage() {
  const [parameters] = useSearchParams();
  const session = useQuery(sessionQuery);
  const projects = useQuery(projectsQuery);
  const models = useQuery(modelsQuery);
  const resumed = parameters.get('resume');
  const deployments = useQuery({ ...deploymentsQuery, enabled: resumed !== null });
  const remainder = deployments.data?.incomplete.find(({ requestId }) => requestId === resumed);
  const linked = {
    model: parameters.get('model') ?? '',
    tag: parameters.get('tag') ?? '',
    project: parameters.get('project') ?? '',
  };
  return (
    <PageBody
      title={remainder ? `Resume ${remainder.name}` : 'Deploy a model'}
      lead="Nothing is made before the last step."
      hasSections
    >
      <QueryView query={session} label="your session">
        {(who) => (
          <QueryView query={projects} label="projects">
            {(where) =>
              models.isPending || (resumed !== null && deployments.isPending) ? (
                <Loading label="models" />
              ) : (
                <DeployWizard
                  session={who}
                  projects={where.items}
                  models={models.data}
                  catalogError={models.error}
                  linked={linked}
                  remainder={remainder}
                />
              )
            }
          </QueryView>
        )}
      </QueryView>
    </PageBody>
  );
}
