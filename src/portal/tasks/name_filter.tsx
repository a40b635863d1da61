/** A filter by something that has a name and an id: typed in part, and chosen from what fits. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { shortId } from "../widgets/units.ts";
import { isId } from "./task_filter.ts";
import { useId } from "../widgets/use_id.ts";

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface NameFilterProps {
  readonly label: string;
  /** The id that is chosen. */
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
  /** Those whose names have the text in them, some of them. */
  readonly search: (text: string, signal: AbortSignal) => Promise<readonly Named[]>;
  readonly find: (id: string, signal: AbortSignal) => Promise<Named>;
}

/** Between the last key and the question. */
const PAUSE = 250;

export function NameFilter(props: NameFilterProps): ComponentChildren {
  return props.chosen === undefined
    ? <Search {...props} />
    : <Chosen {...props} chosen={props.chosen} />;
}

function Search({ label, onChoose, search }: NameFilterProps): ComponentChildren {
  const id = useId();
  const text = useSignal("");
  // Nothing until the field is used: few do, and all would wait for their first view.
  const asked = useSignal<string | undefined>(undefined);
  // The field itself has the spaces: without one at the end no second word could be typed.
  const typed = text.value.trim();
  useEffect(() => {
    if (asked.peek() === undefined) return;
    const timer = setTimeout(() => asked.value = typed, PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  const { value: wanted } = asked;
  const found = useLoaded(
    wanted === undefined ? "" : `search ${wanted}`,
    (signal) => wanted === undefined ? Promise.resolve([]) : search(wanted, signal),
  ).state.value;
  const options = found.kind === "ready" ? found.value : [];
  const type = (value: string): void => {
    text.value = value;
    const wanted = value.trim();
    const option = options.find((named) => optionText(named) === wanted);
    if (option !== undefined) onChoose(option.id);
    else if (isId(wanted)) onChoose(wanted);
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="search"
        list={`${id}-options`}
        placeholder={english.tasks.filters.anyName}
        autocomplete="off"
        value={text.value}
        onFocus={() => asked.value ??= ""}
        onInput={(event) => type(event.currentTarget.value)}
      />
      <datalist id={`${id}-options`}>
        {options.map((named) => <option key={named.id} value={optionText(named)} />)}
      </datalist>
    </div>
  );
}

/** Names need not be unique. */
function optionText({ id, name }: Named): string {
  return `${name} · ${shortId(id)}`;
}

function Chosen(
  { label, chosen, onChoose, find }: NameFilterProps & { readonly chosen: string },
): ComponentChildren {
  const found = useLoaded(chosen, (signal) => find(chosen, signal)).state.value;
  const name = found.kind === "ready" ? found.value.name : shortId(chosen);
  return (
    <div class="field">
      <span class="label">{label}</span>
      <button
        type="button"
        class="chosen-name"
        aria-label={english.tasks.filters.anyAgain(label, name)}
        onClick={() => onChoose(undefined)}
      >
        <span class="cut" dir="auto">{name}</span>
        <span aria-hidden="true">✕</span>
      </button>
    </div>
  );
}
