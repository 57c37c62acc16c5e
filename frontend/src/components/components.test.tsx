// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Problem } from '../api/problem';

import { CodeView } from './CodeView';
import { KeyEntry, type AcceptedKey } from './KeyEntry';
import { ProblemAlert } from './ProblemAlert';

let asked: unknown[] = [];
let answers: object[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(await request.json());
    return Response.json({ notice: null, remedy: '', notices: [], pulls: [], ...answers.shift() });
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(element: ReactElement) {
  return render(<QueryClientProvider client={new QueryClient()}>{element}</QueryClientProvider>);
}

async function enter(key: string): Promise<void> {
  const field = screen.getByPlaceholderText('nvapi-…');
  await userEvent.clear(field);
  await userEvent.type(field, key);
  await userEvent.click(screen.getByRole('button', { name: 'Check key' }));
}

test('a refused key says why and keeps the focus, the next one is accepted', async () => {
  answers = [
    { state: 'refused', message: 'NVIDIA does not accept the key.' },
    { state: 'valid', message: '' },
  ];
  const accepted: AcceptedKey[] = [];
  show(<KeyEntry id="k" action="Check key" images={['a/b:1']} onAccepted={(key) => accepted.push(key)} />);

  await enter('nvapi-bad');
  expect(await screen.findByText(/does not accept the key/)).toBeTruthy();
  expect(document.activeElement?.id).toBe('k');
  expect(accepted).toEqual([]);

  await enter('nvapi-good');
  await vi.waitFor(() => expect(accepted).toHaveLength(1));
  expect(accepted[0]).toMatchObject({ value: 'nvapi-good', skipCheck: false });
  expect(asked).toEqual([
    { key: 'nvapi-bad', images: ['a/b:1'] },
    { key: 'nvapi-good', images: ['a/b:1'] },
  ]);
});

test('only where NVIDIA could not be asked may the check be left out', async () => {
  answers = [{ state: 'could-not-ask', message: 'NVIDIA does not answer.' }];
  const accepted: AcceptedKey[] = [];
  show(<KeyEntry id="k" action="Check key" images={[]} onAccepted={(key) => accepted.push(key)} />);

  await enter('nvapi-some');
  await userEvent.click(await screen.findByRole('button', { name: 'Use it without a check' }));

  expect(accepted[0]?.skipCheck).toBe(true);
});

test('the key is hidden, and no browser is asked to keep it', () => {
  show(<KeyEntry id="k" action="Check key" images={[]} onAccepted={() => undefined} />);

  const field = screen.getByPlaceholderText('nvapi-…');
  expect(field.getAttribute('type')).toBe('password');
  expect(field.getAttribute('autocomplete')).toBe('off');
});

test('a problem shows what to do and what is left', () => {
  const left = { severity: 'error', code: 'left', subject: 'PersistentVolumeClaim/x', message: 'stays.', remedy: 'kubectl delete pvc x' } as const;
  const problem = new Problem({ status: 502, detail: 'It broke.', remedy: 'Wait.', leftovers: [left] });

  show(<ProblemAlert error={problem} />);

  for (const text of [/It broke\./, /Wait\./, /PersistentVolumeClaim\/x/, /kubectl delete pvc x/]) {
    expect(screen.getByText(text)).toBeTruthy();
  }
});

test('foreign text stays text', () => {
  const { container } = show(<CodeView text={'<img src=x onerror=alert(1)>'} label="YAML" />);

  expect(container.querySelector('img')).toBeNull();
  expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
});
