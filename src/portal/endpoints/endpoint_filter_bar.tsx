/** The filters above a list of endpoints. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { live } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Choice, Field } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { useSearchText } from "../widgets/search_text.ts";
import { type EndpointFilter, isFiltered } from "./endpoint_filter.ts";
import { useId } from "../widgets/use_id.ts";

export interface EndpointFilterBarProps {
  readonly filter: EndpointFilter;
  readonly onChange: (filter: EndpointFilter) => void;
}

const RUNTIMES = ["python", "typescript", "shell"] as const;
const OFFERED_SITES = 200;

export function EndpointFilterBar(
  { filter, onChange }: EndpointFilterBarProps,
): ComponentChildren {
  const { filters } = english.endpoints;
  // Between the last key of a search and its question another filter may change.
  const latest = useRef(filter);
  latest.current = filter;
  const change = (part: Partial<EndpointFilter>): void => onChange({ ...latest.current, ...part });
  const { order, reverse, grouped, runtime } = filter;
  const runtimes = [...new Set([...RUNTIMES, ...(runtime === undefined ? [] : [runtime])])];
  return (
    <div class="filters endpoint-filters" role="search" aria-label={filters.label}>
      <Search text={filter.search} onSearch={(search) => change({ search })} />
      <Choice
        label={filters.status}
        value={filter.status ?? "any"}
        options={[
          ["any", filters.any],
          ["online", english.endpointStates.online],
          ["offline", english.endpointStates.offline],
        ]}
        onChange={(status) => change({ status: status === "any" ? undefined : status })}
      />
      <Choice
        label={filters.owner}
        value={filter.owner ?? "any"}
        options={[["any", filters.anyOwner], ["me", filters.mine]]}
        onChange={(owner) => change({ owner: owner === "any" ? undefined : owner })}
      />
      <SiteChoice site={filter.site} onChoose={(site) => change({ site })} />
      <Choice
        label={filters.runtime}
        value={runtime ?? ""}
        options={[["", filters.any], ...runtimes.map((name) => [name, name] as const)]}
        onChange={(name) => change({ runtime: name === "" ? undefined : name })}
      />
      <Choice
        label={filters.group}
        value={grouped ? "site" : "none"}
        options={[["none", filters.noGroups], ["site", filters.bySite]]}
        onChange={(group) => change({ grouped: group === "site" })}
      />
      {isFiltered(filter) && (
        <button
          type="button"
          class="reset"
          onClick={() => onChange({ order, reverse, grouped })}
        >
          {filters.reset}
        </button>
      )}
    </div>
  );
}

function Search(
  { text, onSearch }: {
    readonly text: string | undefined;
    readonly onSearch: (text: string | undefined) => void;
  },
): ComponentChildren {
  const { search, searchPlace } = english.endpoints.filters;
  const typed = useSearchText(
    text ?? "",
    (wanted) => onSearch(wanted === "" ? undefined : wanted),
  );
  return (
    <Field label={search}>
      {(attributes) => (
        <input
          {...attributes}
          type="search"
          maxLength={200}
          placeholder={searchPlace}
          value={typed.value}
          onInput={(event) => typed.value = event.currentTarget.value}
        />
      )}
    </Field>
  );
}

function SiteChoice(
  { site, onChoose }: {
    readonly site: string | undefined;
    readonly onChoose: (site: string | undefined) => void;
  },
): ComponentChildren {
  const id = useId();
  const { filters } = english.endpoints;
  // Asked once there is a stream that tells of changes: the list itself goes first.
  const endpoints = live.endpointCounts.value?.endpoints;
  const found = useLoaded(
    `sites ${endpoints}`,
    (signal) =>
      endpoints === undefined ? Promise.resolve([]) : client.call("listSites", { signal }),
  ).state.value;
  const sites = found.kind === "ready" ? found.value.map(({ site }) => site) : [];
  const options = [...new Set([...(site === undefined ? [] : [site]), ...sites])]
    .filter((name) => name !== "").slice(0, OFFERED_SITES);
  return (
    <div class="field">
      <label for={id}>{filters.site}</label>
      <select
        id={id}
        value={site ?? ""}
        onChange={({ currentTarget: { value } }) => onChoose(value === "" ? undefined : value)}
      >
        <option value="">{filters.any}</option>
        {options.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </div>
  );
}
