export type Theme = 'light' | 'dark';

const PLACE = 'odh-nim-theme';
const DARK = 'pf-v6-theme-dark';

/** What was chosen here before, else what the system prefers. */
export function readTheme(): Theme {
  const kept = window.localStorage.getItem(PLACE);
  if (kept === 'dark' || kept === 'light') {
    return kept;
  }
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function keepTheme(theme: Theme): void {
  window.localStorage.setItem(PLACE, theme);
}

export function applyTheme(theme: Theme): void {
  document.documentElement.classList.toggle(DARK, theme === 'dark');
}
