import type { Model } from '../api/types';

/** What the picker narrows by; empty means everything. */
export interface ModelFilter {
  text: string;
  family: string;
  gpu: '' | 'none' | 'one' | 'many';
  eu: boolean;
  grpc: boolean;
}

export const NO_FILTER: ModelFilter = { text: '', family: '', gpu: '', eu: false, grpc: false };

/** A model with its searchable text, folded once. */
export interface IndexedModel {
  model: Model;
  haystack: string;
}

/** Fold every model's searchable text once, so that typing costs nothing. */
export function indexModels(models: readonly Model[]): IndexedModel[] {
  return models.map((model) => ({
    model,
    haystack: [
      model.displayName, model.key, model.repository, model.publisher, model.shortDescription,
      model.familyTitle, ...model.tags,
    ].join('\n').toLowerCase(),
  }));
}

/** Keep the models that have every word and every mark asked for. */
export function filterModels(models: readonly IndexedModel[], filter: ModelFilter): Model[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return models
    .filter(({ model, haystack }) => words.every((word) => haystack.includes(word)) && fits(model, filter))
    .map(({ model }) => model);
}

function fits(model: Model, filter: ModelFilter): boolean {
  return (
    (!filter.family || model.family === filter.family) &&
    (!filter.eu || !model.euRestricted) &&
    (!filter.grpc || model.protocols.includes('grpc')) &&
    fitsGpu(model, filter.gpu)
  );
}

function fitsGpu(model: Model, wanted: ModelFilter['gpu']): boolean {
  if (!wanted) {
    return true;
  }
  const least = leastGpus(model);
  if (wanted === 'none') {
    return least === 0;
  }
  return wanted === 'one' ? least === 1 : least !== null && least > 1;
}

/** The smallest number of GPUs that NVIDIA names; null where it names none. */
export function leastGpus(model: Model): number | null {
  if (!model.gpu) {
    return null;
  }
  if (!model.gpu.required) {
    return 0;
  }
  return model.gpu.counts.length ? Math.min(...model.gpu.counts) : 1;
}

/** What a person reads about a model's GPUs. */
export function gpuText(model: Model): string {
  if (!model.gpu) {
    return 'GPU need not published';
  }
  if (!model.gpu.required) {
    return 'No GPU needed';
  }
  const counts = [...model.gpu.counts].sort((one, other) => one - other);
  const amount = counts.length ? counts.join(', ') : 'At least 1';
  const memory = model.gpu.memoryGib ? `, ${model.gpu.memoryGib} GiB` : '';
  return `${amount} GPU${counts.length === 1 && counts[0] === 1 ? '' : 's'}${memory}`;
}

/** The tag to deploy when none was chosen. */
export function preselectedTag(model: Model): string {
  return model.defaultTag ?? model.latestTag ?? model.tags[0] ?? '';
}

/** Tags that NVIDIA moves to another image: not a full version. */
export function isMovingTag(tag: string): boolean {
  return !/^\D*\d+\.\d+\.\d+/.test(tag);
}
