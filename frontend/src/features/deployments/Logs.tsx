import {
  Button,
  EmptyState,
  EmptyStateBody,
  FormSelect,
  FormSelectOption,
  Switch,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { containersQuery } from '../../api/queries';
import type { Container } from '../../api/types';
import { QueryView } from '../../components/QueryView';

import { LogView } from './LogView';
import { logUrl, type LogChoice } from './useLog';

interface LogsProps {
  place: { project: string; name: string };
}

/** The logs of every container, those of earlier runs included. */
export function Logs({ place }: LogsProps) {
  const containers = useQuery(containersQuery(place));
  return (
    <QueryView query={containers} label="containers">
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState headingLevel="h2" titleText="No logs">
            <EmptyStateBody>No container has started yet, or the deployment is stopped.</EmptyStateBody>
          </EmptyState>
        ) : (
          <Chosen place={place} items={items} />
        )
      }
    </QueryView>
  );
}

function Chosen({ place, items }: LogsProps & { items: readonly Container[] }) {
  const [chosen, setChosen] = useState('');
  const [isFollowing, setFollowing] = useState(true);
  const [isPrevious, setPrevious] = useState(false);
  const container = items.find((one) => keyOf(one) === chosen) ?? items[0];
  if (!container) {
    return null;
  }
  const previous = isPrevious && container.previous;
  const choice: LogChoice = {
    ...place,
    pod: container.pod,
    container: container.container,
    previous,
    follow: isFollowing && !previous,
  };
  return (
    <>
      <Toolbar aria-label="Which log" inset={{ default: 'insetNone' }}>
        <ToolbarContent>
          <ToolbarItem>
            <FormSelect
              aria-label="Container"
              value={keyOf(container)}
              onChange={(_, key) => setChosen(key)}
            >
              {items.map((one) => (
                <FormSelectOption key={keyOf(one)} value={keyOf(one)} label={labelOf(one)} />
              ))}
            </FormSelect>
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <Switch
              id="log-follow"
              label="Follow"
              isChecked={isFollowing && !previous}
              isDisabled={previous}
              onChange={(_, checked) => setFollowing(checked)}
            />
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <Switch
              id="log-previous"
              label="The run before"
              isChecked={previous}
              isDisabled={!container.previous}
              onChange={(_, checked) => setPrevious(checked)}
            />
          </ToolbarItem>
          <ToolbarItem>
            <Button
              variant="link"
              component="a"
              href={logUrl({ ...choice, follow: false }, { download: true })}
              download={`${container.pod}-${container.container}.log`}
            >
              Download
            </Button>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <LogView key={logUrl(choice)} choice={choice} />
    </>
  );
}

function keyOf({ pod, container }: Container): string {
  return `${pod}/${container}`;
}

function labelOf({ pod, container, current }: Container): string {
  return `${container} of ${pod}${current ? '' : ' (earlier version)'}`;
}
