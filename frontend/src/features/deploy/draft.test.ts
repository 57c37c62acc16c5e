// @vitest-environment happy-dom
import { beforeEach, expect, test } from 'vitest';

import { readDraft, writeDraft } from './draft';
import { EMPTY_FORM } from './form';

beforeEach(() => window.sessionStorage.clear());

test('a draft comes back as it was', () => {
  const draft = { form: { ...EMPTY_FORM, name: 'mine', replicas: 3 }, step: 'access' as const, requestId: 'r1' };

  writeDraft(draft);

  expect(readDraft()).toEqual(draft);
});

test('a key that was pasted anywhere is not kept', () => {
  const env = [
    { id: 1, name: 'A', source: 'value' as const, value: 'nvapi-secret', from: '', fromKey: '' },
    { id: 2, name: 'MY_TOKEN', source: 'value' as const, value: 'hunter2', from: '', fromKey: '' },
  ];
  const form = { ...EMPTY_FORM, args: '--k nvapi-secret\n--b', description: 'nvapi-secret', env };

  writeDraft({ form, step: 'access', requestId: null });

  const kept = JSON.stringify(window.sessionStorage);
  expect(kept).not.toContain('nvapi-');
  expect(kept).not.toContain('hunter2');
  expect(kept).toContain('--b');
});

test.each(['', '{', '{"form": 3}', '{"form": {"replicas": "many", "env": {}}, "step": "x"}'])(
  'a broken draft %s is a new form', (text) => {
    window.sessionStorage.setItem('odh-nim-deploy', text);

    expect(readDraft()).toEqual({ form: EMPTY_FORM, step: 'model', requestId: null });
  },
);
