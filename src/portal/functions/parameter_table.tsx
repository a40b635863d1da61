/** What a function takes. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { type ParameterRow, parameterRows } from "./parameter_rows.ts";

export function ParameterTable(
  { parameters }: { readonly parameters: unknown },
): ComponentChildren {
  const texts = english.function.parameters;
  const rows = parameterRows(parameters);
  if (rows === undefined) return <p class="muted">{texts.unknown}</p>;
  if (rows.length === 0) return <p class="muted">{texts.none}</p>;
  return (
    <div class="table-scroller" role="group" tabIndex={0} aria-label={texts.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{texts.name}</th>
            <th scope="col">{texts.type}</th>
            <th scope="col">{texts.default}</th>
            <th scope="col">{texts.given}</th>
          </tr>
        </thead>
        <tbody>{rows.map((row) => <Row key={`${row.kind} ${row.name}`} row={row} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ row }: { readonly row: ParameterRow }): ComponentChildren {
  const texts = english.function.parameters;
  const { name, kind, type, description } = row;
  const isRest = kind === "rest" || kind === "rest_named";
  return (
    <tr>
      <td>
        <code dir="auto" class="wrap">{name}</code>
      </td>
      <td>
        {type !== "" && <span>{type}</span>}
        {description !== "" && <code class="muted wrap">{description}</code>}
        {type === "" && description === "" && <span class="muted">{texts.any}</span>}
      </td>
      <td>
        {row.default !== undefined ? <code class="wrap">{row.default}</code> : (
          <span class="muted">
            {row.required ? texts.required : isRest ? "" : texts.optional}
          </span>
        )}
      </td>
      <td class="muted">{texts.kinds[kind]}</td>
    </tr>
  );
}
