import { AlertActionLink } from '@patternfly/react-core';
import { Link } from 'react-router-dom';

import { Alert } from '../../components/Alert';

interface BegunAlertProps {
  project: string;
  name: string;
  onGoOn: () => void;
}

/** After a reload in the middle: nobody needs to guess whether it was made. */
export function BegunAlert({ project, name, onGoOn }: BegunAlertProps) {
  return (
    <Alert
      isInline
      variant="info"
      title={`A deployment was begun with this form`}
      actionLinks={
        <>
          <AlertActionLink onClick={onGoOn}>Show how it went</AlertActionLink>
          <AlertActionLink component={(link) => <Link {...link} to={`/deployments/${project}/${name}`} />}>
            Open {name}
          </AlertActionLink>
        </>
      }
    >
      The same request is not made twice.
    </Alert>
  );
}
