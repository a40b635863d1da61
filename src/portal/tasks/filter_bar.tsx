/** The filters above a list of tasks. */
import type { ComponentChildren } from "preact";
import { TASK_STATES, type TaskState } from "../../contract/task_state.ts";
import { client } from "../session/session.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { Choice, Field } from "../widgets/controls.tsx";
import { NameFilter } from "./name_filter.tsx";
import {
  isFiltered,
  localTimeText,
  secondsOfLocalTime,
  type Span,
  type TaskFilter,
} from "./task_filter.ts";

export interface FilterBarProps {
  readonly filter: TaskFilter;
  readonly onChange: (filter: TaskFilter) => void;
}

/** Names that are offered at a time. */
const OFFERED = 20;
const HOUR = 3_600;

export function FilterBar({ filter, onChange }: FilterBarProps): ComponentChildren {
  const { filters } = english.tasks;
  const change = (part: Partial<TaskFilter>): void => onChange({ ...filter, ...part });
  return (
    <div class="filters" role="search" aria-label={filters.label}>
      <StateChoice filter={filter} onChange={onChange} />
      <NameFilter
        label={filters.endpoint}
        chosen={filter.endpointId}
        onChoose={(endpointId) => change({ endpointId })}
        search={searchEndpoints}
        find={findEndpoint}
      />
      <NameFilter
        label={filters.function}
        chosen={filter.functionId}
        onChoose={(functionId) => change({ functionId })}
        search={searchFunctions}
        find={findFunction}
      />
      <SpanChoice span={filter.span} onChange={(span) => change({ span })} />
      {filter.groupId !== undefined && (
        <NameFilter
          label={filters.group}
          chosen={filter.groupId}
          onChoose={(groupId) => change({ groupId })}
          search={() => Promise.resolve([])}
          find={(id) => Promise.resolve({ id, name: id })}
        />
      )}
      {isFiltered(filter) && (
        <button
          type="button"
          class="reset"
          onClick={() => onChange({ span: { kind: "any" } })}
        >
          {filters.reset}
        </button>
      )}
    </div>
  );
}

type StateText = "any" | "finished:yes" | "finished:no" | TaskState;

/** One state, or all of those that are finished or are not. */
function StateChoice({ filter, onChange }: FilterBarProps): ComponentChildren {
  const { filters } = english.tasks;
  const { state, finished, ...rest } = filter;
  const value: StateText = state ?? (finished === undefined ? "any" : `finished:${finished}`);
  const options: readonly (readonly [StateText, string])[] = [
    ["any", filters.anyState],
    ["finished:no", filters.unfinished],
    ["finished:yes", filters.finished],
    ...TASK_STATES.map((name) => [name, english.states[name]] as const),
  ];
  const choose = (text: StateText): void => {
    if (text === "any") onChange(rest);
    else if (text === "finished:yes" || text === "finished:no") {
      onChange({ ...rest, finished: text === "finished:yes" ? "yes" : "no" });
    } else onChange({ ...rest, state: text });
  };
  return <Choice label={filters.state} value={value} options={options} onChange={choose} />;
}

function SpanChoice(
  { span, onChange }: { readonly span: Span; readonly onChange: (span: Span) => void },
): ComponentChildren {
  const { filters } = english.tasks;
  const choose = (kind: Span["kind"]): void =>
    onChange(kind === "custom" ? { kind, since: Math.floor(now.peek() - HOUR) } : { kind });
  const custom = span.kind === "custom" ? span : undefined;
  return (
    <>
      <Choice
        label={filters.time}
        value={span.kind}
        options={[
          ["any", filters.anyTime],
          ["hour", filters.lastHour],
          ["today", filters.today],
          ["custom", filters.custom],
        ]}
        onChange={choose}
      />
      {custom !== undefined &&
        (["since", "until"] as const).map((end) => (
          <Field key={end} label={filters[end]}>
            {(attributes) => (
              <input
                {...attributes}
                type="datetime-local"
                value={localTimeText(custom[end])}
                onChange={(event) =>
                  onChange({ ...custom, [end]: secondsOfLocalTime(event.currentTarget.value) })}
              />
            )}
          </Field>
        ))}
    </>
  );
}

const searchEndpoints = async (
  text: string,
  signal: AbortSignal,
): Promise<{ id: string; name: string }[]> => {
  const query = { limit: OFFERED, search: text === "" ? undefined : text };
  const { items } = await client.call("listEndpoints", { query, signal });
  return items.map(({ uuid, name, display_name }) => ({ id: uuid, name: display_name ?? name }));
};

const findEndpoint = async (
  id: string,
  signal: AbortSignal,
): Promise<{ id: string; name: string }> => {
  const { name, display_name } = await client.endpoint(id, { signal });
  return { id, name: display_name ?? name };
};

const searchFunctions = async (
  text: string,
  signal: AbortSignal,
): Promise<{ id: string; name: string }[]> => {
  const query = { limit: OFFERED, search: text === "" ? undefined : text };
  const { items } = await client.call("listFunctions", { query, signal });
  return items.map((item) => ({ id: item.function_uuid, name: item.function_name }));
};

const findFunction = async (
  id: string,
  signal: AbortSignal,
): Promise<{ id: string; name: string }> => {
  return { id, name: (await client.function(id, { signal })).function_name };
};
