/** Tells the frame that the login has ended, without a page being left. */
type Listener = () => void;

const listeners = new Set<Listener>();
let ended = false;

/** It has ended with the first refusal; that it is back is for the person to say. */
export function reportLoginEnded(now: boolean): void {
  if (ended !== now) {
    ended = now;
    listeners.forEach((listener) => listener());
  }
}

export function watchLogin(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isLoginEnded(): boolean {
  return ended;
}
