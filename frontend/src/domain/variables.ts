/** Names of environment variables, folders and tokens: what is wrong with them. */
const RESERVED = ['NGC_API_KEY', 'NIM_CACHE_PATH'];
const LOOKS_SECRET = /(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY)/i;
const KEY = /nvapi-/;

/** Whether the value of a variable of this name should not be shown. */
export function looksSecret(name: string): boolean {
  return LOOKS_SECRET.test(name);
}

/** What is wrong with one variable among its neighbours; empty when nothing is. */
export function variableProblem(name: string, value: string, others: readonly string[]): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return 'Letters, digits and underscores, no digit first.';
  }
  if (RESERVED.includes(name)) {
    return `${name} is set by the deployment itself.`;
  }
  if (others.includes(name)) {
    return `${name} is given twice.`;
  }
  return KEY.test(value) ? 'It holds an NGC API key. Store the key in the project instead.' : '';
}

/** What is wrong with a folder of a claim. */
export function subPathProblem(path: string): string {
  if (!path) {
    return '';
  }
  const bad = path.startsWith('/') || path.split('/').some((part) => part === '' || part === '..');
  return bad ? 'No leading slash, no “..”, no empty part.' : '';
}

/** What is wrong with the name of an access token. */
export function tokenProblem(name: string, others: readonly string[]): string {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    return 'Lower case letters, digits and dashes.';
  }
  return others.includes(name) ? 'This token is named twice.' : '';
}
