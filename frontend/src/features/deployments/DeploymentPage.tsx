import {
  Breadcrumb,
  BreadcrumbItem,
  EmptyState,
  EmptyStateBody,
  Tab,
  TabContentBody,
  Tabs,
  TabTitleText,
} from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router-dom';

import { asProblem } from '../../api/problem';
import { detailsQuery } from '../../api/queries';
import type { DeploymentDetails } from '../../api/types';
import { useStatus, type Liveness } from '../../api/useStatus';
import { Alert } from '../../components/Alert';
import { CodeView } from '../../components/CodeView';
import { PageBody } from '../../components/PageBody';
import { QueryView } from '../../components/QueryView';

import { DetailActions } from './DetailActions';
import { Endpoints } from './Endpoints';
import { Events } from './Events';
import { Logs } from './Logs';
import { Overview } from './Overview';

/** Everything about one deployment, as it changes. */
export function DeploymentPage() {
  const { project = '', name = '' } = useParams();
  const details = useQuery(detailsQuery({ project, name }));
  const liveness = useStatus(project, name);
  const navigate = useNavigate();
  const data = details.data;
  const isGone = liveness === 'gone' || (details.isError && asProblem(details.error).status === 404);
  return (
    <PageBody
      title={data?.displayName || name}
      lead={data?.description}
      breadcrumb={
        <Breadcrumb>
          <BreadcrumbItem render={({ className }) => <Link className={className} to="/deployments">Deployments</Link>} />
          <BreadcrumbItem isActive>{name}</BreadcrumbItem>
        </Breadcrumb>
      }
      actions={data && !isGone && <DetailActions details={data} onDeleted={() => void navigate('/deployments')} />}
    >
      {isGone ? (
        <Gone project={project} name={name} />
      ) : (
        <QueryView query={details} label="the deployment" rows={8}>
          {(loaded) => <Detail details={loaded} liveness={liveness} />}
        </QueryView>
      )}
    </PageBody>
  );
}

const TABS = ['overview', 'endpoints', 'events', 'logs', 'yaml'];

function Detail({ details, liveness }: { details: DeploymentDetails; liveness: Liveness }) {
  const [parameters, setParameters] = useSearchParams();
  const asked = parameters.get('tab') ?? '';
  const active = TABS.includes(asked) ? asked : 'overview';
  const place = { project: details.project, name: details.name };
  return (
    <>
      {liveness === 'lost' && (
        <Alert isInline isLiveRegion variant="warning" title="The connection is lost: this may be out of date">
          It is tried again by itself.
        </Alert>
      )}
      <Tabs
        activeKey={active}
        onSelect={(_, key) => setParameters({ tab: String(key) }, { replace: true })}
        aria-label="Parts of the deployment"
        mountOnEnter
        unmountOnExit
      >
        <Tab eventKey="overview" title={<TabTitleText>Overview</TabTitleText>}>
          <TabContentBody hasPadding>
            <Overview details={details} />
          </TabContentBody>
        </Tab>
        <Tab eventKey="endpoints" title={<TabTitleText>Endpoints</TabTitleText>}>
          <TabContentBody hasPadding>
            <Endpoints details={details} />
          </TabContentBody>
        </Tab>
        <Tab eventKey="events" title={<TabTitleText>Events</TabTitleText>}>
          <TabContentBody hasPadding>
            <Events place={place} />
          </TabContentBody>
        </Tab>
        <Tab eventKey="logs" title={<TabTitleText>Logs</TabTitleText>}>
          <TabContentBody hasPadding>
            <Logs place={place} />
          </TabContentBody>
        </Tab>
        <Tab eventKey="yaml" title={<TabTitleText>YAML</TabTitleText>}>
          <TabContentBody hasPadding>
            <CodeView text={details.yaml} label="YAML" fileName={`${details.name}.yaml`} />
          </TabContentBody>
        </Tab>
      </Tabs>
    </>
  );
}

function Gone({ project, name }: { project: string; name: string }) {
  return (
    <EmptyState headingLevel="h2" titleText="It is not there" icon={SearchIcon}>
      <EmptyStateBody>
        There is no deployment {name} in {project}. <Link to="/deployments">See all deployments</Link>
      </EmptyStateBody>
    </EmptyState>
  );
}
