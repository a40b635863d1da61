/** Finds a function by its name. */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { FunctionRecord } from "../../contract/api.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Combobox } from "../widgets/combobox.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { shortId } from "../widgets/units.ts";

export interface FunctionPickerProps {
  readonly chosen: FunctionRecord | undefined;
  readonly wrong?: string;
  readonly onChoose: (id: string) => void;
}

const SHOWN = 50;

export function FunctionPicker(
  { chosen, wrong, onChoose }: FunctionPickerProps,
): ComponentChildren {
  const search = useSignal("");
  const wanted = search.value.trim().slice(0, 200);
  const loading = useLoaded(
    wanted,
    (signal) =>
      client.call("listFunctions", {
        query: { limit: SHOWN, search: wanted === "" ? undefined : wanted },
        signal,
      }),
  );
  const state = loading.state.value;
  const items = state.kind === "ready" ? state.value.items : [];
  const { function: label, functionNote, noFunction } = english.run;
  return (
    <Combobox
      label={label}
      note={functionNote}
      wrong={wrong ?? (state.kind === "failed" ? state.failure.message : undefined)}
      text={chosen?.function_name ?? ""}
      options={items.map((item) => ({
        id: item.function_uuid,
        text: item.function_name,
        detail: [item.runtime, item.owner, shortId(item.function_uuid)].join(" · "),
      }))}
      empty={state.kind === "loading" ? english.common.loading : noFunction}
      onSearch={(text) => search.value = text}
      onChoose={onChoose}
    />
  );
}
