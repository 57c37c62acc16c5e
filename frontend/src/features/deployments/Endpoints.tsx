import { Content, Stack, StackItem, Title } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';

import { modelsQuery } from '../../api/queries';
import type { DeploymentDetails } from '../../api/types';
import { Alert } from '../../components/Alert';
import { CodeView } from '../../components/CodeView';
import { EndpointList } from '../../components/EndpointList';
import { modelIdOf, snippetsFor, tokenSnippet } from '../../domain/snippets';

/** Its addresses, and calls to copy. */
export function Endpoints({ details }: { details: DeploymentDetails }) {
  const { data: models } = useQuery(modelsQuery);
  const { endpoints } = details;
  if (endpoints.length === 0) {
    return <Alert isInline variant="info" title="It has no address yet" />;
  }
  const best = endpoints.find(({ kind }) => kind === 'external') ?? endpoints[0];
  const repository = details.image.replace(/^[^/]+\//, '').replace(/[:@].*$/, '');
  const model = models?.items.find((one) => one.repository === repository);
  const token = details.objects.find(({ kind, name }) => kind === 'Secret' && name.includes('-sa'));
  const snippets = best
    ? snippetsFor({
        url: best.url,
        protocol: best.protocol,
        modelId: modelIdOf(repository),
        family: model?.family ?? '',
        needsToken: details.auth,
      })
    : [];
  const all =
    details.auth && token ? [tokenSnippet(token.name, details.project), ...snippets] : snippets;
  return (
    <Stack hasGutter>
      <StackItem>
        <EndpointList endpoints={endpoints} />
      </StackItem>
      {best?.kind === 'internal' && (
        <StackItem>
          <Content component="p">
            The address is reached inside the cluster: run these calls in a pod or a workbench.
          </Content>
        </StackItem>
      )}
      {all.map((snippet) => (
        <StackItem key={snippet.id}>
          <Title headingLevel="h2" size="md">
            {snippet.title}
          </Title>
          <CodeView text={snippet.text} label={snippet.title} />
        </StackItem>
      ))}
    </Stack>
  );
}
