/** What to type on another machine, so that it becomes an endpoint of this service. */
import type { ComponentChildren } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import type { EndpointRecord } from "../../contract/api.ts";
import { live, useLive } from "../live/live.ts";
import { client, may } from "../session/session.ts";
import { now } from "../shell/clock.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { CodeBlock } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { EndpointBadge } from "../widgets/states.tsx";
import { useReloadOn } from "../widgets/use_reload_on.ts";
import { countdownText, isOfThisMachine } from "./countdown.ts";

interface ShownCode {
  readonly code: string;
  /** Seconds since 1970 at the service. */
  readonly expiresAt: number;
  readonly madeAt: number;
  /** Online when it was made. */
  readonly online: number;
}

export function ConnectEndpoint(): ComponentChildren {
  const shown = useSignal<ShownCode | undefined>(undefined);
  const { lead, make, makeAgain, needsManage } = english.home.connect;
  if (!may("manage")) return <p class="muted">{needsManage}</p>;
  const { value } = shown;
  return (
    <div class="connect">
      <p>{lead}</p>
      {value === undefined
        ? (
          <p>
            <button
              type="button"
              class="primary"
              onClick={() => void attempt(() => makeCode(shown))}
            >
              {make}
            </button>
          </p>
        )
        : (
          <>
            <Steps shown={value} />
            <p>
              <button type="button" onClick={() => void attempt(() => makeCode(shown))}>
                {makeAgain}
              </button>
            </p>
            <Appeared shown={value} />
          </>
        )}
    </div>
  );
}

/** The code may do no more than an endpoint's machine has to: register endpoints and show them. */
async function makeCode(shown: Signal<ShownCode | undefined>): Promise<void> {
  const madeAt = now.peek();
  const { code, expires_at } = await client.call("createCode", {
    body: { purpose: "token", scopes: ["manage"], label: english.home.connect.tokenLabel },
  });
  const online = live.endpointCounts.peek()?.online ?? 0;
  shown.value = { code, expiresAt: expires_at, madeAt, online };
}

function Steps({ shown: { code, expiresAt } }: { readonly shown: ShownCode }): ComponentChildren {
  const { login, paste, start, expired, expires, onlyHere } = english.home.connect;
  const left = expiresAt - now.value;
  return (
    <ol class="connect-steps">
      <li>
        <p>{login}</p>
        <CodeBlock text={`funcx-endpoint login ${client.url}`} />
        {isOfThisMachine(client.url) && <p class="muted small">{onlyHere}</p>}
      </li>
      <li>
        <p>{paste}</p>
        {left > 0
          ? (
            <>
              <CodeBlock text={code} />
              <p class="muted small number" role="timer">{expires(countdownText(left))}</p>
            </>
          )
          : <p class="expired">{expired}</p>}
      </li>
      <li>
        <p>{start}</p>
        <CodeBlock text="funcx-endpoint start" />
      </li>
    </ol>
  );
}

/** Notices the endpoint that the code was made for. */
function Appeared({ shown }: { readonly shown: ShownCode }): ComponentChildren {
  const counts = live.endpointCounts.value;
  const loading = useLoaded(shown.code, async (signal) => {
    const query = { order: "created", limit: 1, owner: "me" };
    return (await client.call("listEndpoints", { query, signal })).items[0];
  });
  useReloadOn(live.endpointListMark.value, loading);
  const newest = loading.state.value;
  const endpoint = newest.kind === "ready" ? newest.value : undefined;
  const { waiting, someOnline, all } = english.home.connect;
  const isNew = endpoint !== undefined && endpoint.created_at >= shown.madeAt - CLOCK_STEP;
  return (
    <div role="status" aria-live="polite" class="hint-box">
      {isNew ? <NewEndpoint endpoint={endpoint} /> : (counts?.online ?? 0) > shown.online
        ? (
          <>
            <strong>{someOnline}</strong> <a href="/endpoints?status=online">{all}</a>
          </>
        )
        : (
          <span class="waiting-line">
            <span class="spinner" aria-hidden="true" />
            {waiting}
          </span>
        )}
    </div>
  );
}

/** The page's idea of the service's time is of the last full second. */
const CLOCK_STEP = 2;

function NewEndpoint({ endpoint }: { readonly endpoint: EndpointRecord }): ComponentChildren {
  useLive({ endpoints: [endpoint.uuid] });
  const current = live.endpoints.value.get(endpoint.uuid) ?? endpoint;
  const { connected, registered, run } = english.home.connect;
  const name = current.display_name ?? current.name;
  return (
    <>
      <p>
        <strong dir="auto">
          <a href={`/endpoints/${current.uuid}`}>{name}</a>
        </strong>{" "}
        <EndpointBadge status={current.status} />
      </p>
      <p>{current.status === "online" ? connected : registered}</p>
      {current.status === "online" && (
        <p>
          <a class="button primary" href={`/run?endpoint=${current.uuid}`}>{run}</a>
        </p>
      )}
    </>
  );
}
