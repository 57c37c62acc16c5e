/**
 * The limits of a deployment's name, each with its own message. They are the server's
 * (`domain/deployment_name.py`), shown here while a person types; the plan checks them again.
 */
export const MAX_NAME = 53;
export const MAX_HOST = 63;
export const MAX_TOGETHER = 52;
const MAX_PROPOSED = 30;
const SERVERS = [
  'kserve-huggingfaceserver', 'kserve-huggingfaceserver-multinode', 'kserve-lgbserver',
  'kserve-mlserver', 'kserve-paddleserver', 'kserve-pmmlserver', 'kserve-sklearnserver',
  'kserve-tensorflow-serving', 'kserve-torchserve', 'kserve-tritonserver', 'kserve-xgbserver',
  'kserve-predictiveserver',
];

/** Every limit that a name breaks in a project. */
export function nameProblems(name: string, project: string): string[] {
  if (!name) {
    return ['A name is needed.'];
  }
  const problems: string[] = [];
  if (!/^[a-z0-9-]+$/.test(name)) {
    problems.push('Only lower case letters, digits and dashes.');
  }
  if (!/^[a-z]/.test(name)) {
    problems.push('The first character is a letter.');
  }
  if (name.endsWith('-')) {
    problems.push('No dash at the end.');
  }
  if (SERVERS.includes(name)) {
    problems.push('It is the name of one of KServe’s own model servers.');
  }
  return [...problems, ...lengthProblems(name, project)];
}

function lengthProblems(name: string, project: string): string[] {
  const problems: string[] = [];
  const host = name.length + project.length + 1;
  const together = name.length + project.length;
  if (name.length > MAX_NAME) {
    problems.push(`It has ${name.length} characters, at most ${MAX_NAME}.`);
  }
  if (project && host > MAX_HOST) {
    problems.push(`With the project it makes ${host} characters of a host name, at most ${MAX_HOST}.`);
  }
  if (project && together > MAX_TOGETHER) {
    problems.push(
      `Name and project have ${together} characters together, KServe serves at most ${MAX_TOGETHER}.`,
    );
  }
  return problems;
}

/** Propose a valid name for a deployment of a model. */
export function proposeName(model: string, project: string): string {
  const limit = Math.max(1, Math.min(MAX_PROPOSED, MAX_TOGETHER - project.length));
  let text = model.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  if (!/^[a-z]/.test(text)) {
    text = `nim-${text}`;
  }
  const cut = (value: string) => value.slice(0, limit).replace(/^-+|-+$/g, '');
  const proposed = SERVERS.includes(cut(text)) ? cut(`nim-${text}`) : cut(text);
  return proposed || 'nim'.slice(0, limit);
}

/** Propose a name that no deployment of the project has yet. */
export function proposeFreeName(model: string, project: string, taken: readonly string[]): string {
  const first = proposeName(model, project);
  for (let count = 2, name = first; count < 100; count += 1) {
    if (!taken.includes(name)) {
      return name;
    }
    const suffix = `-${count}`;
    const room = Math.min(MAX_PROPOSED, MAX_TOGETHER - project.length) - suffix.length;
    name = `${first.slice(0, room).replace(/-+$/, '')}${suffix}`;
  }
  return first;
}
