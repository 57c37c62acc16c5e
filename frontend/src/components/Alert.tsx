import { Alert as PlainAlert, type AlertProps } from '@patternfly/react-core';

/** An alert whose title is a sentence and no heading: it stands at any depth of a page. */
export function Alert(props: AlertProps) {
  return <PlainAlert component="p" {...props} />;
}
