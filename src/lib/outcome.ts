/**
 * Expected failures as values. `retryable` means that the same call may succeed later without
 * anybody mending anything; `fatal` means that it will not.
 */
export type Outcome<T, F = Failure> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "retryable"; readonly failure: F }
  | { readonly kind: "fatal"; readonly failure: F };

/** What failed, and how to mend it; both are shown to the user, each in one line. */
export interface Failure {
  /** Stable upper-case name that scripts can match on. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function ok<T>(value: T): { kind: "ok"; value: T } {
  return { kind: "ok", value };
}

export function retryable<F>(failure: F): { kind: "retryable"; failure: F } {
  return { kind: "retryable", failure };
}

export function fatal<F>(failure: F): { kind: "fatal"; failure: F } {
  return { kind: "fatal", failure };
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Runtimes put the reason into nested causes, behind a message such as "fetch failed". */
export function causeOf(thrown: unknown): string {
  let innermost = thrown;
  while (innermost instanceof Error && innermost.cause instanceof Error) {
    innermost = innermost.cause;
  }
  const message = messageOf(innermost);
  const code = (innermost as { code?: unknown }).code;
  return message === "" ? String(code ?? "connection failed") : message;
}
