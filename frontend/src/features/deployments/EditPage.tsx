import { Breadcrumb, BreadcrumbItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router-dom';

import { specificationQuery } from '../../api/queries';
import { PageBody } from '../../components/PageBody';
import { QueryView } from '../../components/QueryView';

import { EditForm } from './EditForm';

/** Changes a deployment: first what would differ, then the change. */
export function EditPage() {
  const { project = '', name = '' } = useParams();
  const specification = useQuery({
    ...specificationQuery({ project, name }),
    // What is being filled in is not replaced behind the person's back.
    refetchOnWindowFocus: false,
  });
  return (
    <PageBody
      title={`Change ${name}`}
      lead="Nothing is changed before you have seen the difference."
      breadcrumb={
        <Breadcrumb>
          <BreadcrumbItem render={({ className }) => <Link className={className} to="/deployments">Deployments</Link>} />
          <BreadcrumbItem
            render={({ className }) => (
              <Link className={className} to={`/deployments/${project}/${name}`}>
                {name}
              </Link>
            )}
          />
          <BreadcrumbItem isActive>Change</BreadcrumbItem>
        </Breadcrumb>
      }
    >
      <QueryView query={specification} label="what can be changed" rows={8}>
        {(spec) => (
          <EditForm key={spec.base} spec={spec} onReload={() => void specification.refetch()} />
        )}
      </QueryView>
    </PageBody>
  );
}
