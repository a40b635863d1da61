/** The functions that the viewer may run. */
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { may } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Choice, Field } from "../widgets/controls.tsx";
import { Empty, Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { useSearchText } from "../widgets/search_text.ts";
import { Age } from "../widgets/states.tsx";
import { type Column, VirtualTable } from "../widgets/virtual_table.tsx";
import {
  addressOfFilter,
  filterOfAddress,
  type FunctionFilter,
  groupVersions,
  type ListedFunction,
  queryOfFilter,
  RUNTIMES,
} from "./function_list.ts";
import { useFunctions } from "./use_functions.ts";

const texts = english.functions;

export function FunctionsPage(): ComponentChildren {
  const { query, route } = useLocation();
  const filter = filterOfAddress(query);
  return (
    <Page title={texts.title} lead={texts.lead} actions={<RegisterLink />}>
      <Filters filter={filter} onChange={(next) => route(addressOfFilter(next), true)} />
      <FunctionTable filter={filter} />
    </Page>
  );
}

function RegisterLink(): ComponentChildren {
  if (!may("run")) return null;
  return <a class="button primary" href="/functions/new">{texts.register}</a>;
}

interface FiltersProps {
  readonly filter: FunctionFilter;
  readonly onChange: (filter: FunctionFilter) => void;
}

function Filters({ filter, onChange }: FiltersProps): ComponentChildren {
  return (
    <div class="filters" role="search" aria-label={texts.filters}>
      <SearchField filter={filter} onChange={onChange} />
      <Choice
        label={texts.runtime}
        value={filter.runtime}
        options={[
          ["any", texts.anyRuntime],
          ...RUNTIMES.map((runtime) => [runtime, english.runtimes[runtime]] as const),
        ]}
        onChange={(runtime) => onChange({ ...filter, runtime })}
      />
      <Choice
        label={texts.owner}
        value={filter.owner}
        options={[["any", texts.anyOwner], ["me", texts.mine]]}
        onChange={(owner) => onChange({ ...filter, owner })}
      />
    </div>
  );
}

function SearchField({ filter, onChange }: FiltersProps): ComponentChildren {
  const text = useSearchText(filter.search, (search) => onChange({ ...filter, search }));
  return (
    <Field label={texts.search}>
      {(attributes) => (
        <input
          {...attributes}
          type="search"
          dir="auto"
          maxLength={200}
          value={text.value}
          onInput={(event) => text.value = event.currentTarget.value}
        />
      )}
    </Field>
  );
}

function FunctionTable({ filter }: { readonly filter: FunctionFilter }): ComponentChildren {
  const { first, items, isWhole, more } = useFunctions(queryOfFilter(filter));
  const isFiltered = addressOfFilter(filter) !== addressOfFilter(filterOfAddress({}));
  return (
    <Shown of={first}>
      {() =>
        items.length === 0 ? <None isFiltered={isFiltered} /> : (
          <VirtualTable
            label={texts.title}
            columns={columns(isWhole)}
            rows={groupVersions(items)}
            keyOf={({ newest }) => newest.function_uuid}
            onEnd={more}
            minWidth="54rem"
          />
        )}
    </Shown>
  );
}

function None({ isFiltered }: { readonly isFiltered: boolean }): ComponentChildren {
  if (isFiltered) return <Empty title={texts.noneFits} />;
  return (
    <Empty title={texts.none}>
      <p>{texts.noneLead}</p>
      <RegisterLink />
    </Empty>
  );
}

function columns(isWhole: boolean): readonly Column<ListedFunction>[] {
  return [
    {
      id: "name",
      title: texts.name,
      width: "minmax(12rem, 2fr)",
      cell: ({ newest, versions }) => (
        <>
          <a href={`/functions/${newest.function_uuid}`} dir="auto" title={newest.function_name}>
            {newest.function_name}
          </a>
          {versions.length > 1 && (
            <span class="muted versions-count">{texts.versions(versions.length, isWhole)}</span>
          )}
        </>
      ),
    },
    {
      id: "runtime",
      title: texts.runtime,
      width: "6.5rem",
      cell: ({ newest }) => <RuntimeName runtime={newest.runtime} />,
    },
    {
      id: "description",
      title: texts.description,
      width: "minmax(10rem, 3fr)",
      cell: ({ newest }) => (
        <span class="muted" dir="auto" title={newest.description ?? ""}>{newest.description}</span>
      ),
    },
    {
      id: "owner",
      title: texts.owner,
      width: "minmax(6rem, 1fr)",
      cell: ({ newest }) => <span dir="auto">{newest.owner}</span>,
    },
    {
      id: "public",
      title: texts.sharedTitle,
      width: "5.5rem",
      cell: ({ newest }) => (newest.public ? texts.public : texts.private),
    },
    {
      id: "created",
      title: texts.created,
      width: "6.5rem",
      cell: ({ newest }) => <Age at={newest.created_at} />,
    },
    {
      id: "run",
      title: texts.run,
      titleHidden: true,
      width: "4rem",
      end: true,
      cell: ({ newest }) =>
        may("run") && (
          <a
            href={`/run?function=${newest.function_uuid}`}
            aria-label={texts.runNamed(newest.function_name)}
          >
            {texts.run}
          </a>
        ),
    },
  ];
}

export function RuntimeName({ runtime }: { readonly runtime: string }): ComponentChildren {
  const known = RUNTIMES.find((name) => name === runtime);
  return <>{known === undefined ? runtime : english.runtimes[known]}</>;
}
