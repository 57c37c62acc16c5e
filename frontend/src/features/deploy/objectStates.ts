import type { DeployStep, Plan } from '../../api/types';

const WORDS: Record<DeployStep['action'], string> = {
  check: 'Checked',
  create: 'Made',
  own: 'Made, belongs to the deployment',
  'take back': 'Taken back',
};

/** The last that is known of every object, those that nothing is known of yet included. */
export function objectStates(
  planned: Plan['objects'],
  steps: readonly DeployStep[],
): [object: string, state: string][] {
  const states = new Map(planned.map(({ kind, name }) => [`${kind}/${name}`, 'Waiting']));
  for (const step of steps) {
    const text = step.note ? `${WORDS[step.action]}: ${step.note}` : WORDS[step.action];
    states.set(`${step.kind}/${step.name}`, text);
  }
  return [...states];
}
