import { AlertActionLink, PageSection } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

import { isLoginEnded, reportLoginEnded, watchLogin } from '../api/session';
import { Alert } from '../components/Alert';

/** The login has ended: the page and its form stay as they are. */
export function LoginAlert() {
  const isEnded = useSyncExternalStore(watchLogin, isLoginEnded);
  const client = useQueryClient();
  const goOn = () => {
    reportLoginEnded(false);
    void client.invalidateQueries();
  };
  if (!isEnded) {
    return null;
  }
  return (
    <PageSection>
      <Alert
        isInline
        isLiveRegion
        variant="warning"
        title="Your login has ended"
        actionLinks={
          <>
            <AlertActionLink component="a" href="/" target="_blank" rel="noreferrer">
              Log in again in a new tab
            </AlertActionLink>
            <AlertActionLink onClick={goOn}>
              I am logged in again
            </AlertActionLink>
          </>
        }
      >
        What you have filled in here is kept.
      </Alert>
    </PageSection>
  );
}
