import type { Model } from '../../api/types';
import type { ModelFilter } from '../../domain/modelFilter';

/** The filter that an address asks for; what it does not know is no filter. */
export function filterOf(parameters: URLSearchParams): ModelFilter {
  const gpu = parameters.get('gpu') ?? '';
  return {
    text: parameters.get('q') ?? '',
    family: parameters.get('family') ?? '',
    gpu: gpu === 'none' || gpu === 'one' || gpu === 'many' ? gpu : '',
    eu: parameters.has('eu'),
    grpc: parameters.has('grpc'),
  };
}

/** The address of a filter. */
export function parametersOf(filter: ModelFilter): Record<string, string> {
  return {
    ...(filter.text && { q: filter.text }),
    ...(filter.family && { family: filter.family }),
    ...(filter.gpu && { gpu: filter.gpu }),
    ...(filter.eu && { eu: '' }),
    ...(filter.grpc && { grpc: '' }),
  };
}

/** The wizard, with this model chosen. */
export function deployAddress(model: Model, tag?: string): string {
  const parameters = new URLSearchParams({ model: model.key, ...(tag && { tag }) });
  return `/deploy?${parameters.toString()}`;
}
