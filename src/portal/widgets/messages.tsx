/** What stands where something is not there: it failed, it is on its way, or there is none. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import type { Failure } from "./failure.ts";
import type { Loading } from "./loaded.ts";

export function Problem(
  { failure, onRetry }: { readonly failure: Failure; readonly onRetry?: () => void },
): ComponentChildren {
  return (
    <div class="problem" role="alert">
      <strong>{failure.message}</strong>
      {failure.hint !== undefined && <span class="hint">{failure.hint}</span>}
      <div class="row">
        <code>{english.common.code(failure.code)}</code>
        {onRetry !== undefined && (
          <button type="button" class="small" onClick={onRetry}>{english.common.retry}</button>
        )}
      </div>
    </div>
  );
}

export function Spinner(): ComponentChildren {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {english.common.loading}
    </div>
  );
}

export function Empty(
  { title, children }: { readonly title: string; readonly children?: ComponentChildren },
): ComponentChildren {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** `children` with what was loaded, or what stands in its place. */
export function Shown<T>(
  { of, children }: {
    readonly of: Loading<T>;
    readonly children: (value: T) => ComponentChildren;
  },
): ComponentChildren {
  const loaded = of.state.value;
  switch (loaded.kind) {
    case "loading":
      return <Spinner />;
    case "ready":
      return <>{children(loaded.value)}</>;
    case "failed":
      return (
        <>
          <Problem failure={loaded.failure} onRetry={of.reload} />
          {loaded.value !== undefined && children(loaded.value)}
        </>
      );
  }
}
