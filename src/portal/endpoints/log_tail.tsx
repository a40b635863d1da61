/** The end of the agent's log, read from its disk when somebody asks and it is there to answer. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Answer } from "../../contract/api.ts";
import { client } from "../session/session.ts";
import { visible } from "../tasks/terminal_text.ts";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { type Loading, useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { logLineText } from "./log_lines.ts";

const { log } = english.endpoint;
const LINES = 300;
/** Milliseconds between two questions while it is followed. */
const INTERVAL = 3_000;
/** Pixels from the end within which the reader is at the end. */
const NEAR = 24;

export interface LogTailProps {
  readonly endpointId: string;
  readonly isOnline: boolean;
}

export function LogTail({ endpointId, isOnline }: LogTailProps): ComponentChildren {
  const follows = useSignal(false);
  const loading = useLog(endpointId, isOnline);
  // After a refusal it is the reader who asks again.
  const goesOn = isOnline && follows.value && loading.state.value.kind !== "failed";
  useEffect(() => {
    if (!goesOn) return;
    const timer = setInterval(() => document.hidden || loading.reload(), INTERVAL);
    return () => clearInterval(timer);
  }, [goesOn]);
  const loaded = loading.state.value;
  const text = loaded.kind === "ready" ? loaded.value?.lines.join("\n") ?? "" : "";
  return (
    <section class="card" aria-labelledby="endpoint-log">
      <header>
        <h2 id="endpoint-log">{log.title}</h2>
        <div class="log-actions">
          <label>
            <input
              type="checkbox"
              checked={follows.value}
              onChange={(event) => follows.value = event.currentTarget.checked}
            />{" "}
            {log.follow}
          </label>
          <button type="button" class="small" disabled={!isOnline} onClick={loading.reload}>
            {log.refresh}
          </button>
          <CopyButton text={text} label={log.copy} />
        </div>
      </header>
      <p class="muted small">{isOnline ? log.lead : log.offline}</p>
      <Shown of={loading}>
        {(known) =>
          known === undefined
            ? null
            : known.lines.length === 0
            ? <p class="muted">{log.none}</p>
            : <Lines text={known.lines.map(logLineText).join("\n")} />}
      </Shown>
    </section>
  );
}

/** What was read last stays when the agent goes: it may say why. Undefined before it could be asked. */
function useLog(
  endpointId: string,
  isOnline: boolean,
): Loading<Answer<"endpointLog"> | undefined> {
  const last = useRef<Answer<"endpointLog"> | undefined>(undefined);
  const loading = useLoaded(endpointId, async (signal) => {
    if (!isOnline) return last.current;
    const params = { endpoint_id: endpointId };
    last.current = await client.call("endpointLog", { params, query: { lines: LINES }, signal });
    return last.current;
  });
  const was = useRef(isOnline);
  useEffect(() => {
    if (isOnline && !was.current) loading.reload();
    was.current = isOnline;
  }, [isOnline]);
  return loading;
}

/** It stays at its end for a reader who is there. */
function Lines({ text }: { readonly text: string }): ComponentChildren {
  const place = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const { current } = place;
    if (current !== null && isAtEnd.current) current.scrollTop = current.scrollHeight;
  }, [text]);
  return (
    <pre
      class="log"
      ref={place}
      tabIndex={0}
      role="region"
      aria-label={log.label}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - NEAR}
    >
      {visible(text)}
    </pre>
  );
}
