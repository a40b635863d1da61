/** What an endpoint's owner can do with it from afar, and what everybody can who may use it. */
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { useSignal } from "@preact/signals";
import type { EndpointRecord } from "../../contract/api.ts";
import { client, may } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Confirm } from "../widgets/controls.tsx";
import { countText } from "../widgets/units.ts";

const { actions: texts, run } = english.endpoint;

type Asking = "stop" | "drain" | "delete";

export interface EndpointActionsProps {
  readonly endpoint: EndpointRecord;
  readonly isOwn: boolean;
}

export function EndpointActions({ endpoint, isOwn }: EndpointActionsProps): ComponentChildren {
  const asking = useSignal<Asking | undefined>(undefined);
  const isOnline = endpoint.status === "online";
  const ask = (what: Asking): ComponentChildren => (
    <button
      type="button"
      class={what === "drain" ? undefined : "danger"}
      onClick={() => asking.value = what}
    >
      {texts[what]}
    </button>
  );
  return (
    <>
      {may("run") && <a class="button primary" href={`/run?endpoint=${endpoint.uuid}`}>{run}</a>}
      {isOwn && may("manage") && isOnline && ask("drain")}
      {isOwn && may("manage") && isOnline && ask("stop")}
      {isOwn && may("manage") && ask("delete")}
      {asking.value !== undefined && (
        <Question
          what={asking.value}
          endpoint={endpoint}
          onClose={() => asking.value = undefined}
        />
      )}
    </>
  );
}

function Question(
  { what, endpoint, onClose }: {
    readonly what: Asking;
    readonly endpoint: EndpointRecord;
    readonly onClose: () => void;
  },
): ComponentChildren {
  const { route } = useLocation();
  const name = endpoint.display_name ?? endpoint.name;
  const { details, queued_tasks } = endpoint;
  const busy = details === null ? 0 : details.total_workers - details.idle_workers;
  const act = async (): Promise<string> => {
    const params = { endpoint_id: endpoint.uuid };
    if (what === "delete") {
      await client.call("deleteEndpoint", { params });
      route("/endpoints");
      return texts.deleted;
    }
    await client.call("shutdownEndpoint", { params, body: { drain: what === "drain" } });
    return what === "drain" ? texts.draining : texts.stopping;
  };
  return (
    <Confirm
      title={texts[`${what}Title`](name)}
      confirm={texts[what]}
      onConfirm={() => void attempt(act)}
      onClose={onClose}
    >
      <div class="what-happens">
        <p>{texts[`${what}Lead`]}</p>
        {what !== "delete" && <p>{texts.restart}</p>}
        <p class="muted">{texts.running(countText(busy), countText(queued_tasks))}</p>
      </div>
    </Confirm>
  );
}
