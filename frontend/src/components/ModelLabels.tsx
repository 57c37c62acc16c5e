import { Label, LabelGroup } from '@patternfly/react-core';

import type { Model } from '../api/types';
import { gpuText } from '../domain/modelFilter';
import { formatBytes } from '../domain/quantity';

/** A model's marks, as words: never by colour alone. */
export function ModelLabels({ model }: { model: Model }) {
  return (
    <LabelGroup numLabels={6} aria-label={`Marks of ${model.displayName || model.key}`}>
      {[
        <Label key="family" isCompact color="blue">
          {model.familyTitle}
        </Label>,
        model.euRestricted && (
          <Label key="eu" isCompact color="orange">
            Not offered in the EU
          </Label>
        ),
        model.gpu && (
          <Label key="gpu" isCompact>
            {gpuText(model)}
          </Label>
        ),
        model.weightsBytes !== null && (
          <Label key="size" isCompact>
            {formatBytes(model.weightsBytes)} of weights
          </Label>
        ),
        model.protocols.includes('grpc') && (
          <Label key="grpc" isCompact color="purple">
            {model.protocols.includes('http') ? 'HTTP and gRPC' : 'gRPC only'}
          </Label>
        ),
        model.multinode && (
          <Label key="multinode" isCompact color="yellow">
            Several nodes
          </Label>
        ),
      ].filter(Boolean)}
    </LabelGroup>
  );
}
