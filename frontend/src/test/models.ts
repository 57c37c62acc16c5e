import type { Model } from '../api/types';

/** A model as the server describes it, with what a test wants different. */
export function makeModel(values: Partial<Model> = {}): Model {
  return {
    key: 'llama-3.1-8b-instruct',
    name: 'llama-3.1-8b-instruct',
    team: 'meta',
    repository: 'nim/meta/llama-3.1-8b-instruct',
    image: 'nvcr.io/nim/meta/llama-3.1-8b-instruct',
    displayName: 'Llama 3.1 8B Instruct',
    shortDescription: 'A small language model.',
    publisher: 'Meta',
    tags: ['1.13.1', '1.8.3', '1.8', 'latest'],
    latestTag: '1.13.1',
    defaultTag: '1.8.3',
    updatedDate: '2026-08-01T00:00:00Z',
    euRestricted: false,
    family: 'llm',
    familyTitle: 'Language models',
    protocols: ['http'],
    protocolReason: 'Images of the family “Language models” do not speak gRPC.',
    architectures: ['amd64'],
    multinode: false,
    sizeBytes: 12e9,
    weightsBytes: 16e9,
    gpu: { required: true, counts: [1, 2], products: ['H100'], memoryGib: 80 },
    keyRequired: true,
    proposedName: 'llama-3-1-8b-instruct',
    proposedStorage: '20Gi',
    ...values,
  };
}
