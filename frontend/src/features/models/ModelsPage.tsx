import { Card, CardBody, CardHeader, CardTitle, Truncate } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router-dom';

import { modelsQuery } from '../../api/queries';
import type { Model } from '../../api/types';
import { CatalogNotes } from '../../components/CatalogNotes';
import { ModelLabels } from '../../components/ModelLabels';
import { ModelPicker } from '../../components/ModelPicker';
import { PageBody } from '../../components/PageBody';
import { QueryView } from '../../components/QueryView';

import { filterOf, parametersOf } from './address';

/** The catalogue, to look through; the filter is part of the address. */
export function ModelsPage() {
  const models = useQuery(modelsQuery);
  const [parameters, setParameters] = useSearchParams();
  return (
    <PageBody title="Models" lead="NVIDIA NIM models that can be deployed on this cluster.">
      <QueryView query={models} label="models" rows={8}>
        {(data) => (
          <>
            <CatalogNotes models={data} />
            <ModelPicker
              models={data.items}
              filter={filterOf(parameters)}
              onFilter={(filter) => setParameters(parametersOf(filter), { replace: true })}
            >
              {(model) => <ModelCard model={model} />}
            </ModelPicker>
          </>
        )}
      </QueryView>
    </PageBody>
  );
}

function ModelCard({ model }: { model: Model }) {
  return (
    <Card isFullHeight isCompact>
      <CardHeader>
        <CardTitle component="h2">
          <Link to={`/models/${encodeURIComponent(model.key)}`}>
            {model.displayName || model.key}
          </Link>
        </CardTitle>
        {model.publisher && <small>{model.publisher}</small>}
      </CardHeader>
      <CardBody>
        <Truncate content={model.shortDescription || model.repository} maxCharsDisplayed={140} />
      </CardBody>
      <CardBody>
        <ModelLabels model={model} />
      </CardBody>
    </Card>
  );
}
