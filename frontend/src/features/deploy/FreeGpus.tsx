import { Content, ExpandableSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';

import type { Hardware } from '../../api/types';
import { Alert } from '../../components/Alert';

interface FreeGpusProps {
  gpus: Hardware['gpus'];
  wanted: number;
}

/** Which GPUs are free, and what keeps the others. */
export function FreeGpus({ gpus, wanted }: FreeGpusProps) {
  return (
    <>
      {wanted > gpus.free ? (
        <Alert
          isInline
          variant="warning"
          title={`${wanted} GPUs are asked for, ${gpus.free} are free`}
        >
          The deployment waits until others are stopped.
        </Alert>
      ) : (
        <Content component="small">{gpus.free} GPUs of the cluster are free.</Content>
      )}
      {gpus.nodes.length > 0 && (
        <ExpandableSection toggleText="GPUs by node">
          <Table aria-label="GPUs by node" variant="compact">
            <Thead>
              <Tr>
                <Th>Node</Th>
                <Th>Product</Th>
                <Th>Free</Th>
                <Th>Remark</Th>
              </Tr>
            </Thead>
            <Tbody>
              {gpus.nodes.map((node) => (
                <Tr key={node.name}>
                  <Td dataLabel="Node">{node.name}</Td>
                  <Td dataLabel="Product">{node.product || 'unknown'}</Td>
                  <Td dataLabel="Free">
                    {node.free} of {node.allocatable}
                  </Td>
                  <Td dataLabel="Remark">{node.reason || '–'}</Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        </ExpandableSection>
      )}
    </>
  );
}
