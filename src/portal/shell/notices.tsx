/** Short messages about what somebody has just done: it went well, or it did not. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { failureOf } from "../widgets/failure.ts";

interface Notice {
  readonly id: number;
  readonly kind: "good" | "bad";
  readonly text: string;
}

const LIFETIME = 6_000;
const notices = signal<readonly Notice[]>([]);
let last = 0;

export function tell(text: string, kind: Notice["kind"] = "good"): void {
  const notice = { id: ++last, kind, text };
  notices.value = [...notices.value, notice];
  // A failure stays until it is put away: it may say what to do.
  if (kind === "good") setTimeout(() => dismiss(notice.id), LIFETIME);
}

/** Runs what a button does, and tells when it fails. */
export async function attempt(action: () => Promise<string | void>): Promise<void> {
  try {
    const done = await action();
    if (done !== undefined) tell(done);
  } catch (thrown) {
    const { message, hint } = failureOf(thrown);
    tell(hint === undefined ? message : `${message}. ${hint}`, "bad");
  }
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices(): ComponentChildren {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, kind, text }) => (
        <div class="notice" key={id}>
          <span class={`badge ${kind}`}>{english.notices[kind]}</span>
          <p>{text}</p>
          <button type="button" class="plain small" onClick={() => dismiss(id)}>
            {english.notices.dismiss}
          </button>
        </div>
      ))}
    </div>
  );
}
