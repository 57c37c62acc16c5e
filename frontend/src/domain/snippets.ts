/** Calls to copy: what a person types to use a deployment. Nothing here is ever run. */

export interface CallTarget {
  url: string;
  protocol: 'http' | 'grpc';
  modelId: string;
  family: string;
  needsToken: boolean;
}

export interface Snippet {
  id: string;
  title: string;
  text: string;
}

const BODIES: Record<string, (model: string) => [path: string, body: unknown]> = {
  chat: (model) => [
    '/v1/chat/completions',
    { model, messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 64 },
  ],
  embeddings: (model) => [
    '/v1/embeddings',
    { model, input: ['Hello!'], input_type: 'query' },
  ],
  ranking: (model) => [
    '/v1/ranking',
    { model, query: { text: 'What is a NIM?' }, passages: [{ text: 'A model in a container.' }] },
  ],
};

const KIND_OF_FAMILY: Record<string, string> = {
  llm: 'chat',
  vlm: 'chat',
  'document-parse': 'chat',
  'retriever-embed': 'embeddings',
  nvclip: 'embeddings',
  'cosmos-embed': 'embeddings',
  'retriever-rerank': 'ranking',
};

const SERVICES: Record<string, string> = {
  'retriever-embed': 'inference.GRPCInferenceService/ServerReady',
  'retriever-rerank': 'inference.GRPCInferenceService/ServerReady',
  'retriever-detection': 'inference.GRPCInferenceService/ServerReady',
  'retriever-ocr': 'inference.GRPCInferenceService/ServerReady',
};

/** The id by which the model answers: `meta/llama-3.1-8b-instruct` of `nim/meta/llama-…`. */
export function modelIdOf(repository: string): string {
  return repository.split('/').slice(-2).join('/');
}

/** The calls for one address. */
export function snippetsFor(target: CallTarget): Snippet[] {
  return target.protocol === 'grpc' ? [grpcurl(target)] : httpSnippets(target);
}

/** The step that fetches a token, where one is asked for. */
export function tokenSnippet(secret: string, project: string): Snippet {
  const command = `kubectl get secret ${shell(secret)} -n ${shell(project)} -o jsonpath='{.data.token}'`;
  return { id: 'token', title: 'Token', text: `TOKEN=$(${command} | base64 -d)` };
}

function httpSnippets(target: CallTarget): Snippet[] {
  const kind = KIND_OF_FAMILY[target.family];
  const make = kind ? BODIES[kind] : undefined;
  if (!make) {
    return [{ id: 'curl', title: 'curl', text: `curl ${authorization(target)}${shell(`${target.url}/v1/health/ready`)}` }];
  }
  const [path, body] = make(target.modelId);
  const curl = [
    `curl ${authorization(target)}${shell(`${target.url}${path}`)} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${shell(JSON.stringify(body))}`,
  ].join('\n');
  const snippets = [{ id: 'curl', title: 'curl', text: curl }];
  return kind === 'ranking' ? snippets : [...snippets, openAi(target, kind === 'chat')];
}

function authorization(target: CallTarget): string {
  return target.needsToken ? '-H "Authorization: Bearer $TOKEN" ' : '';
}

function openAi(target: CallTarget, chat: boolean): Snippet {
  const key = target.needsToken ? 'os.environ["TOKEN"]' : '"not-needed"';
  const call = chat
    ? [
        'answer = client.chat.completions.create(',
        `    model=${python(target.modelId)},`,
        '    messages=[{"role": "user", "content": "Hello!"}],',
        ')',
        'print(answer.choices[0].message.content)',
      ]
    : [
        'answer = client.embeddings.create(',
        `    model=${python(target.modelId)},`,
        '    input=["Hello!"],',
        '    extra_body={"input_type": "query"},',
        ')',
        'print(len(answer.data[0].embedding))',
      ];
  const head = target.needsToken ? ['import os', ''] : [];
  return {
    id: 'python',
    title: 'Python (OpenAI client)',
    text: [
      ...head,
      'from openai import OpenAI',
      '',
      `client = OpenAI(base_url=${python(`${target.url}/v1`)}, api_key=${key})`,
      ...call,
    ].join('\n'),
  };
}

function grpcurl(target: CallTarget): Snippet {
  const address = target.url.replace(/^[a-z0-9+]+:\/\//i, '');
  const what = SERVICES[target.family] ?? 'grpc.health.v1.Health/Check';
  return { id: 'grpcurl', title: 'grpcurl', text: `grpcurl -plaintext ${shell(address)} ${what}` };
}

/** Quote a text for a shell, always: an address is foreign text. */
export function shell(text: string): string {
  return /^[A-Za-z0-9_./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

function python(text: string): string {
  return JSON.stringify(text);
}
