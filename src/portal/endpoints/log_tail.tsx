/** The end of the agent's log, read from its disk when somebody asks. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { client } from "../session/session.ts";
import { visible } from "../tasks/terminal_text.ts";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { logLineText } from "./log_lines.ts";

const { log } = english.endpoint;
const LINES = 300;
/** Milliseconds between two questions while it is followed. */
const INTERVAL = 3_000;
/** Pixels from the end within which the reader is at the end. */
const NEAR = 24;

export function LogTail({ endpointId }: { readonly endpointId: string }): ComponentChildren {
  const follows = useSignal(false);
  const loading = useLoaded(endpointId, (signal) => {
    const params = { endpoint_id: endpointId };
    return client.call("endpointLog", { params, query: { lines: LINES }, signal });
  });
  // After a refusal it is the reader who asks again.
  const goesOn = follows.value && loading.state.value.kind !== "failed";
  useEffect(() => {
    if (!goesOn) return;
    const timer = setInterval(() => document.hidden || loading.reload(), INTERVAL);
    return () => clearInterval(timer);
  }, [goesOn]);
  const loaded = loading.state.value;
  const text = loaded.kind === "ready" ? loaded.value.lines.join("\n") : "";
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
          <button type="button" class="small" onClick={loading.reload}>{log.refresh}</button>
          <CopyButton text={text} label={log.copy} />
        </div>
      </header>
      <p class="muted small">{log.lead}</p>
      <Shown of={loading}>
        {({ lines }) =>
          lines.length === 0
            ? <p class="muted">{log.none}</p>
            : <Lines text={lines.map(logLineText).join("\n")} />}
      </Shown>
    </section>
  );
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
