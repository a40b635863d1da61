/** The registrations of the same owner under the same name. */
import type { ComponentChildren } from "preact";
import type { FunctionRecord } from "../../contract/api.ts";
import { english } from "../texts/english.ts";
import { Shown } from "../widgets/messages.tsx";
import { Age } from "../widgets/states.tsx";
import { shortId } from "../widgets/units.ts";
import { useFunctions } from "./use_functions.ts";

const texts = english.function.versions;

export function FunctionVersions({ shown }: { readonly shown: FunctionRecord }): ComponentChildren {
  const { first, items, isWhole, more } = useFunctions({ name: shown.function_name });
  const versions = items.filter(({ owner }) => owner === shown.owner);
  return (
    <section class="card" aria-labelledby="function-versions">
      <header>
        <h2 id="function-versions">{texts.title}</h2>
      </header>
      <Shown of={first}>
        {() => (
          <ol class="versions">
            {versions.map(({ function_uuid: id, created_at, description }, index) => (
              <li key={id} class="spread">
                <a
                  href={`/functions/${id}`}
                  aria-current={id === shown.function_uuid ? "page" : undefined}
                >
                  <code>{shortId(id)}</code>
                  {index === 0 && ` ${texts.newest}`}
                  {id === shown.function_uuid && ` ${texts.this}`}
                </a>
                <span class="muted cut" dir="auto">{description}</span>
                <Age at={created_at} />
              </li>
            ))}
          </ol>
        )}
      </Shown>
      {!isWhole && <button type="button" onClick={more}>{english.common.more}</button>}
    </section>
  );
}
