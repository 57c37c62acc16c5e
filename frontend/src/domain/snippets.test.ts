import { expect, test } from 'vitest';

import { modelIdOf, shell, snippetsFor, tokenSnippet, type CallTarget } from './snippets';

const TARGET: CallTarget = {
  url: 'http://llama-predictor.team-a.svc',
  protocol: 'http',
  modelId: 'meta/llama-3.1-8b-instruct',
  family: 'llm',
  needsToken: false,
};

test('a language model gets a chat for curl and for the OpenAI client', () => {
  const [curl, python] = snippetsFor(TARGET);

  expect(curl?.text).toContain('http://llama-predictor.team-a.svc/v1/chat/completions');
  expect(curl?.text).toContain('"model":"meta/llama-3.1-8b-instruct"');
  expect(python?.text).toContain('base_url="http://llama-predictor.team-a.svc/v1"');
});

test('a token is sent only where one is asked for', () => {
  expect(snippetsFor(TARGET)[0]?.text).not.toContain('TOKEN');
  expect(snippetsFor({ ...TARGET, needsToken: true })[0]?.text).toContain('Bearer $TOKEN');
  expect(tokenSnippet('sa-token', 'team-a').text).toContain('-n team-a');
});

test('every family is asked what it answers', () => {
  expect(snippetsFor({ ...TARGET, family: 'retriever-embed' })[0]?.text).toContain('/v1/embeddings');
  expect(snippetsFor({ ...TARGET, family: 'retriever-rerank' })).toHaveLength(1);
  expect(snippetsFor({ ...TARGET, family: 'unheard-of' })[0]?.text).toContain('/v1/health/ready');
});

test('gRPC is called without a scheme', () => {
  const [call] = snippetsFor({ ...TARGET, protocol: 'grpc', url: 'grpc://x.svc:8001' });

  expect(call?.text).toBe('grpcurl -plaintext x.svc:8001 grpc.health.v1.Health/Check');
});

test('foreign text cannot leave its quotes', () => {
  expect(shell("x'; rm -rf /")).toBe(`'x'"'"'; rm -rf /'`);
  expect(snippetsFor({ ...TARGET, url: 'http://x/$(id)' })[0]?.text).toContain("'http://x/$(id)");
});

test('the id of a model is its team and name', () => {
  expect(modelIdOf('nim/meta/llama')).toBe('meta/llama');
});
