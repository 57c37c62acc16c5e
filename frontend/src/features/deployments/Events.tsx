import { EmptyState, EmptyStateBody, Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';

import { eventsQuery } from '../../api/queries';
import { QueryView } from '../../components/QueryView';
import { ago } from '../../domain/time';

/** What the cluster reports about the deployment and all it made, newest first. */
export function Events({ place }: { place: { project: string; name: string } }) {
  const events = useQuery(eventsQuery(place));
  return (
    <QueryView query={events} label="events">
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState headingLevel="h2" titleText="No events">
            <EmptyStateBody>The cluster keeps events for about an hour.</EmptyStateBody>
          </EmptyState>
        ) : (
          <Table aria-label="Events" variant="compact">
            <Thead>
              <Tr>
                <Th>When</Th>
                <Th>Type</Th>
                <Th>Reason</Th>
                <Th>Object</Th>
                <Th>Message</Th>
              </Tr>
            </Thead>
            <Tbody>
              {[...items].reverse().map((event) => (
                <Tr key={`${event.time} ${event.object} ${event.reason} ${event.message}`}>
                  <Td dataLabel="When">{ago(event.time)}</Td>
                  <Td dataLabel="Type">
                    <Label isCompact {...(event.type === 'Warning' ? { status: 'warning' } : {})}>
                      {event.type}
                    </Label>
                  </Td>
                  <Td dataLabel="Reason">
                    {event.reason}
                    {event.count > 1 && ` (${event.count} times)`}
                  </Td>
                  <Td dataLabel="Object" modifier="breakWord">
                    {event.object}
                  </Td>
                  <Td dataLabel="Message" modifier="breakWord">
                    {event.message}
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        )
      }
    </QueryView>
  );
}
