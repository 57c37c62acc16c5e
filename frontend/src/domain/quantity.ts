/** Kubernetes quantities as numbers: `500m`, `2`, `8Gi`. The server decides; this is for hints. */
const GRAMMAR = /^([+-]?(?:\d{1,30}(?:\.\d{0,18})?|\.\d{1,18}))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)?$/;
const FACTORS: Record<string, number> = {
  '': 1, n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** Read a quantity in base units; null when it is none. */
export function parseQuantity(text: string): number | null {
  const match = GRAMMAR.exec(text.trim());
  if (!match?.[1]) {
    return null;
  }
  return Number(match[1]) * (FACTORS[match[2] ?? ''] ?? 1);
}

/** Say what is wrong with an amount; empty when nothing is. */
export function quantityProblem(text: string, example: string): string {
  const amount = parseQuantity(text);
  if (amount === null) {
    return `Not a quantity. Write it like ${example}.`;
  }
  return amount > 0 ? '' : `It must be above zero, like ${example}.`;
}

/** Write bytes as a person reads them: `16.1 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount >= 100 || unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${units[unit] ?? ''}`;
}
