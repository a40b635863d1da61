/** A list of endpoints, however long. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Empty, Problem, Spinner } from "../widgets/messages.tsx";
import { VirtualTable } from "../widgets/virtual_table.tsx";
import { columnsOf } from "./endpoint_columns.tsx";
import { type EndpointFilter, isFiltered } from "./endpoint_filter.ts";
import { useEndpointRows } from "./use_endpoint_rows.ts";

/** Pixels; two lines. */
const ROW = 54;

export interface EndpointTableProps {
  readonly filter: EndpointFilter;
  readonly onChange: (filter: EndpointFilter) => void;
  readonly label?: string;
}

export function EndpointTable(
  { filter, onChange, label = english.endpoints.list.label }: EndpointTableProps,
): ComponentChildren {
  const { rows, isWhole, failure, more, retry, see } = useEndpointRows(filter);
  const endpoints = rows.value;
  return (
    <>
      {failure !== undefined && <Problem failure={failure} onRetry={retry} />}
      {endpoints === undefined
        ? failure === undefined && <Spinner />
        : endpoints.length === 0 && isWhole
        ? <NoEndpoints isFiltered={isFiltered(filter)} />
        : (
          <div class="endpoint-table">
            <VirtualTable
              label={label}
              columns={columnsOf(filter, onChange)}
              rows={endpoints}
              keyOf={(endpoint) => endpoint.uuid}
              count={isWhole ? endpoints.length : undefined}
              onEnd={more}
              onSight={see}
              rowHeight={ROW}
              minWidth="65.75rem"
            />
          </div>
        )}
    </>
  );
}

export function NoEndpoints(props: { readonly isFiltered: boolean }): ComponentChildren {
  const { none, noneLead, noneFit, connect } = english.endpoints.list;
  if (props.isFiltered) return <Empty title={noneFit} />;
  return (
    <Empty title={none}>
      <p>{noneLead}</p>
      <a class="button primary" href="/">{connect}</a>
    </Empty>
  );
}
