/** Finds an endpoint, or a group of them, with how each stands now. */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { EndpointRecord, FunctionRecord } from "../../contract/api.ts";
import { live, useLive } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Combobox, type ComboboxOption } from "../widgets/combobox.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { EndpointBadge } from "../widgets/states.tsx";
import { countText } from "../widgets/units.ts";
import { refusal } from "./eligibility.ts";
import { ANY, type Target, textOf } from "./targets.ts";

export interface EndpointPickerProps {
  readonly target: Target | undefined;
  /** Of the target, when that is one endpoint. */
  readonly endpoint: EndpointRecord | undefined;
  readonly fn: FunctionRecord | undefined;
  readonly wrong?: string;
  /** The text of a target. */
  readonly onChoose: (target: string) => void;
}

const SHOWN = 40;

export function EndpointPicker(
  { target, endpoint, fn, wrong, onChoose }: EndpointPickerProps,
): ComponentChildren {
  const search = useSignal("");
  const wanted = search.value.trim().slice(0, 200);
  const found = useFound(wanted);
  const { endpoint: label, endpointNote, noEndpoint } = english.run;
  return (
    <Combobox
      label={label}
      note={endpointNote}
      wrong={wrong ?? found.failure}
      text={target === undefined ? "" : nameOf(target, endpoint)}
      options={[
        ...groupOptions(found.sites, wanted),
        ...found.endpoints.map((record) => endpointOption(record, fn)),
      ]}
      empty={found.isLoading ? english.common.loading : noEndpoint}
      onSearch={(text) => search.value = text}
      onChoose={onChoose}
    />
  );
}

interface Found {
  readonly endpoints: readonly EndpointRecord[];
  readonly sites: readonly string[];
  readonly isLoading: boolean;
  readonly failure: string | undefined;
}

function useFound(wanted: string): Found {
  const search = wanted === "" ? undefined : wanted;
  const endpoints = useLoaded(
    wanted,
    (signal) => client.call("listEndpoints", { query: { limit: SHOWN, search }, signal }),
  ).state.value;
  const sites = useLoaded("sites", (signal) => client.call("listSites", { signal })).state.value;
  const items = endpoints.kind === "ready" ? endpoints.value.items : [];
  useLive({ endpoints: items.map(({ uuid }) => uuid) });
  return {
    endpoints: items.map((item) => live.endpoints.value.get(item.uuid) ?? item),
    sites: sites.kind === "ready" ? sites.value.map(({ site }) => site) : [],
    isLoading: endpoints.kind === "loading",
    failure: endpoints.kind === "failed" ? endpoints.failure.message : undefined,
  };
}

function groupOptions(sites: readonly string[], wanted: string): readonly ComboboxOption[] {
  const { anyEndpoint, anyOfSite, anyNote } = english.run;
  const groups = [
    { id: ANY, text: anyEndpoint, detail: anyNote },
    ...sites.map((site) => ({ id: textOf({ kind: "site", site }), text: anyOfSite(site) })),
  ];
  const text = wanted.toLowerCase();
  return groups.filter((group) => group.text.toLowerCase().includes(text)).slice(0, 5);
}

function endpointOption(
  record: EndpointRecord,
  fn: FunctionRecord | undefined,
): ComboboxOption {
  return {
    id: record.uuid,
    text: record.display_name ?? record.name,
    refused: refusal(record, fn),
    detail: <EndpointState record={record} />,
  };
}

export function EndpointState({ record }: { readonly record: EndpointRecord }): ComponentChildren {
  const { status, details, site, hostname } = record;
  return (
    <>
      <EndpointBadge status={status} />{" "}
      {status === "online" && details !== null && (
        <span class="number">
          {english.run.idle(countText(details.idle_workers), countText(details.total_workers))}
          {" · "}
        </span>
      )}
      <bdi>{site ?? hostname ?? ""}</bdi>
    </>
  );
}

function nameOf(target: Target, endpoint: EndpointRecord | undefined): string {
  switch (target.kind) {
    case "any":
      return english.run.anyEndpoint;
    case "site":
      return english.run.anyOfSite(target.site);
    case "endpoint":
      return endpoint?.display_name ?? endpoint?.name ?? target.id;
  }
}
