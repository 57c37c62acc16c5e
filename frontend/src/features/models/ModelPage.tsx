import {
  Breadcrumb,
  BreadcrumbItem,
  Button,
  Content,
  EmptyState,
  EmptyStateBody,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router-dom';

import { modelsQuery } from '../../api/queries';
import type { Model } from '../../api/types';
import { Alert } from '../../components/Alert';
import { Facts } from '../../components/Facts';
import { ModelLabels } from '../../components/ModelLabels';
import { PageBody } from '../../components/PageBody';
import { QueryView } from '../../components/QueryView';
import { gpuText } from '../../domain/modelFilter';
import { formatBytes } from '../../domain/quantity';
import { dateOf } from '../../domain/time';

import { deployAddress } from './address';
import { TagTable } from './TagTable';

/** One model: what it is, what it needs, and its tags. */
export function ModelPage() {
  const { key = '' } = useParams();
  const models = useQuery(modelsQuery);
  const model = models.data?.items.find((one) => one.key === key);
  return (
    <PageBody
      title={model ? model.displayName || model.key : key}
      lead={model?.shortDescription}
      breadcrumb={
        <Breadcrumb>
          <BreadcrumbItem render={({ className }) => <Link className={className} to="/models">Models</Link>} />
          <BreadcrumbItem isActive>{model?.displayName || key}</BreadcrumbItem>
        </Breadcrumb>
      }
      actions={
        model && (
          <Button component={(link) => <Link {...link} to={deployAddress(model)} />}>Deploy</Button>
        )
      }
    >
      <QueryView query={models} label="the model">
        {() => (model ? <ModelFacts model={model} /> : <Unknown name={key} />)}
      </QueryView>
    </PageBody>
  );
}

function ModelFacts({ model }: { model: Model }) {
  return (
    <Stack hasGutter>
      <StackItem>
        <ModelLabels model={model} />
      </StackItem>
      {model.euRestricted && (
        <StackItem>
          <Alert isInline variant="warning" title="NVIDIA does not offer this model in the EU">
            A pull from there is refused (451).
          </Alert>
        </StackItem>
      )}
      <StackItem>
        <Facts
          facts={[
            ['Image', model.image],
            ['Publisher', model.publisher],
            ['Family', model.familyTitle],
            ['GPUs', gpuText(model)],
            ['GPU products', model.gpu?.products.join(', ')],
            ['Weights', model.weightsBytes === null ? 'Size not published' : formatBytes(model.weightsBytes)],
            ['Image size', model.sizeBytes === null ? '' : formatBytes(model.sizeBytes)],
            ['Architectures', model.architectures.join(', ')],
            ['Protocols', model.protocols.map((one) => (one === 'grpc' ? 'gRPC' : 'HTTP')).join(', ')],
            ['API key', model.keyRequired ? 'Needed' : 'Not needed'],
            ['Updated', model.updatedDate && dateOf(model.updatedDate)],
          ]}
        />
        {model.protocolReason && <Content component="small">{model.protocolReason}</Content>}
      </StackItem>
      <StackItem>
        <TagTable model={model} />
      </StackItem>
    </Stack>
  );
}

function Unknown({ name }: { name: string }) {
  return (
    <EmptyState headingLevel="h2" titleText="The catalogue has no such model" icon={SearchIcon}>
      <EmptyStateBody>
        {name} may have been taken out, or is named otherwise. <Link to="/models">See all models</Link>
      </EmptyStateBody>
    </EmptyState>
  );
}
