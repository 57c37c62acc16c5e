import { ClipboardCopy, Label, List, ListItem, Stack, StackItem } from '@patternfly/react-core';

import type { Endpoint } from '../api/types';

/** Addresses to copy. */
export function EndpointList({ endpoints }: { endpoints: readonly Endpoint[] }) {
  return (
    <List isPlain>
      {endpoints.map((endpoint) => (
        <ListItem key={`${endpoint.kind} ${endpoint.protocol} ${endpoint.url}`}>
          <Stack>
            <StackItem>
              <Label isCompact color={endpoint.kind === 'external' ? 'blue' : 'grey'}>
                {endpoint.kind === 'external' ? 'External' : 'Inside the cluster'}
              </Label>{' '}
              <Label isCompact>{endpoint.protocol === 'grpc' ? 'gRPC' : 'HTTP'}</Label>
            </StackItem>
            <StackItem>
              <ClipboardCopy
                isReadOnly
                hoverTip="Copy"
                clickTip="Copied"
                copyAriaLabel={`Copy the ${endpoint.kind} ${endpoint.protocol} endpoint`}
                textAriaLabel={`The ${endpoint.kind} ${endpoint.protocol} endpoint`}
              >
                {endpoint.url}
              </ClipboardCopy>
              {endpoint.note && <small>{endpoint.note}</small>}
            </StackItem>
          </Stack>
        </ListItem>
      ))}
    </List>
  );
}
