import { ExpandableSection, List, ListItem, Stack, StackItem } from '@patternfly/react-core';

import type { Models } from '../api/types';

import { Alert } from './Alert';
import { FindingList } from './FindingList';

/** What is wrong with the catalogue: findings, and entries that cannot be used. */
export function CatalogNotes({ models }: { models: Models }) {
  if (models.findings.length === 0 && models.broken.length === 0) {
    return null;
  }
  return (
    <Stack hasGutter>
      <StackItem>
        <FindingList findings={models.findings} />
      </StackItem>
      {models.broken.length > 0 && (
        <StackItem>
          <Alert
            variant="warning"
            isInline
            title={`${models.broken.length} entries of the catalogue cannot be used`}
          >
            <ExpandableSection toggleText="Which, and why">
              <List>
                {models.broken.map((entry) => (
                  <ListItem key={entry.key}>
                    {entry.key}: {entry.reason}
                  </ListItem>
                ))}
              </List>
            </ExpandableSection>
          </Alert>
        </StackItem>
      )}
    </Stack>
  );
}
