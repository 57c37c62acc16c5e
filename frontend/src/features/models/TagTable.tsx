import { Button, Label, LabelGroup } from '@patternfly/react-core';
import { Caption, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { Link } from 'react-router-dom';

import type { Model } from '../../api/types';
import { isMovingTag } from '../../domain/modelFilter';

import { deployAddress } from './address';

/** The tags of a model, exactly as NVIDIA writes them. */
export function TagTable({ model }: { model: Model }) {
  return (
    <Table variant="compact">
      <Caption>Tags</Caption>
      <Thead>
        <Tr>
          <Th>Tag</Th>
          <Th>Marks</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {model.tags.map((tag) => (
          <Tr key={tag}>
            <Td dataLabel="Tag">{tag}</Td>
            <Td dataLabel="Marks">
              <TagMarks model={model} tag={tag} />
            </Td>
            <Td isActionCell dataLabel="Actions">
              <Button
                variant="link"
                isInline
                component={(link) => <Link {...link} to={deployAddress(model, tag)} />}
                aria-label={`Deploy ${tag}`}
              >
                Deploy
              </Button>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function TagMarks({ model, tag }: { model: Model; tag: string }) {
  const marks = [
    tag === model.defaultTag && 'Default',
    tag === model.latestTag && 'Latest',
    isMovingTag(tag) && 'Moving: NVIDIA replaces its image',
  ].filter((mark) => mark !== false);
  if (marks.length === 0) {
    return '–';
  }
  return (
    <LabelGroup aria-label={`Marks of ${tag}`}>
      {marks.map((mark) => (
        <Label key={mark} isCompact>
          {mark}
        </Label>
      ))}
    </LabelGroup>
  );
}
