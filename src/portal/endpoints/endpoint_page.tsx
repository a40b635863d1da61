/** One endpoint: what it is, how it does, what runs where, and what its owner can do with it. */
import type { ComponentChildren } from "preact";
import { useRoute } from "preact-iso";
import type { EndpointRecord } from "../../contract/api.ts";
import { live, useLive } from "../live/live.ts";
import { client, may, session } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { tellsOfNoEndpoint } from "../widgets/failure.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { Age, EndpointBadge } from "../widgets/states.tsx";
import { BlockTable } from "./block_table.tsx";
import { EndpointActions } from "./endpoint_actions.tsx";
import { EndpointFacts, EndpointFigures } from "./endpoint_facts.tsx";
import { newerOf } from "./endpoint_pages.ts";
import { HistoryView } from "./history_view.tsx";
import { LogTail } from "./log_tail.tsx";
import { MachineView } from "./machine_view.tsx";
import { RecentTasks } from "./recent_tasks.tsx";

export function EndpointPage(): ComponentChildren {
  const { id = "" } = useRoute().params;
  // Another endpoint is another page.
  return <OneEndpoint key={id} endpointId={id} />;
}

function OneEndpoint({ endpointId }: { readonly endpointId: string }): ComponentChildren {
  const { title, gone, copyId, heard } = english.endpoint;
  useLive({ machine: endpointId });
  const loading = useLoaded(endpointId, (signal) => client.endpoint(endpointId, { signal }));
  const loaded = loading.state.value;
  const known = loaded.kind === "loading" ? undefined : loaded.value;
  const endpoint = known && newerOf(known, live.endpoints.value.get(endpointId));
  const isGone = known !== undefined &&
    (live.goneEndpoints.value.has(endpointId) ||
      loaded.kind === "failed" && tellsOfNoEndpoint(loaded.failure));
  const { value } = session;
  const isOwn = value.kind === "signed_in" && value.user === endpoint?.owner;
  return (
    <Page
      title={endpoint?.display_name ?? endpoint?.name ?? title}
      mark={endpoint && !isGone && <EndpointBadge status={endpoint.status} />}
      lead={
        <span class="id-line">
          <code class="wrap">{endpointId}</code> <CopyButton text={endpointId} label={copyId} />
          {endpoint?.status === "online" && !isGone && (
            <span class="muted small">
              {heard} <Age at={endpoint.last_seen} />
            </span>
          )}
        </span>
      }
      actions={endpoint && !isGone && <EndpointActions endpoint={endpoint} isOwn={isOwn} />}
    >
      {endpoint === undefined ? <Shown of={loading}>{() => null}</Shown> : (
        <>
          {isGone && <p class="problem" role="alert">{gone}</p>}
          <Parts endpoint={endpoint} isOwn={isOwn} />
        </>
      )}
    </Page>
  );
}

function Parts(
  { endpoint, isOwn }: { readonly endpoint: EndpointRecord; readonly isOwn: boolean },
): ComponentChildren {
  const { details, uuid } = endpoint;
  const blocks = details?.blocks ?? [];
  return (
    <>
      {details?.problem !== undefined && <Trouble problem={details.problem} />}
      <EndpointFigures endpoint={endpoint} />
      <MachineView details={details} isOwn={isOwn} />
      {blocks.length > 0 && <BlockTable blocks={blocks} />}
      <HistoryView endpointId={uuid} />
      <div class="grid">
        <RecentTasks endpointId={uuid} />
        <EndpointFacts endpoint={endpoint} isOwn={isOwn} />
      </div>
      {isOwn && may("manage") && (
        <LogTail endpointId={uuid} isOnline={endpoint.status === "online"} />
      )}
    </>
  );
}

function Trouble(
  { problem }: { readonly problem: { readonly code: string; readonly message: string } },
): ComponentChildren {
  return (
    <div class="problem" role="alert">
      <span>{english.endpoint.problem}</span>
      <strong dir="auto">{problem.message}</strong>
      <code>{english.common.code(problem.code)}</code>
    </div>
  );
}
