/** One function: its code, what it takes, what became of its tasks, and its other versions. */
import type { ComponentChildren } from "preact";
import { useLocation, useRoute } from "preact-iso";
import { useSignal } from "@preact/signals";
import type { FunctionRecord } from "../../contract/api.ts";
import { client, may, session } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Confirm, CopyButton } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { Age } from "../widgets/states.tsx";
import { CodeView } from "./code_view.tsx";
import { type FunctionCode, readCode } from "./function_code.ts";
import { FunctionUsageCard } from "./function_usage.tsx";
import { FunctionVersions } from "./function_versions.tsx";
import { RuntimeName } from "./functions_page.tsx";
import { ParameterTable } from "./parameter_table.tsx";

const texts = english.function;

export function FunctionPage(): ComponentChildren {
  const { params: { id = "" } } = useRoute();
  const loading = useLoaded(id, (signal) => client.function(id, { signal }));
  const loaded = loading.state.value;
  const shown = loaded.kind === "loading" ? undefined : loaded.value;
  if (shown === undefined) {
    return <Page title={texts.title}>{<Shown of={loading}>{() => null}</Shown>}</Page>;
  }
  const code = readCode(shown.function_code);
  return (
    <Page
      title={shown.function_name}
      lead={shown.description === null || shown.description === ""
        ? undefined
        : <span dir="auto" class="wrap">{shown.description}</span>}
      actions={<Actions shown={shown} code={code} />}
    >
      <Shown of={loading}>{() => <Facts shown={shown} code={code} />}</Shown>
      <section class="card" aria-labelledby="function-code">
        <header>
          <h2 id="function-code">{texts.code}</h2>
        </header>
        <CodeView code={code} metadata={shown.metadata} />
      </section>
      <section class="card" aria-labelledby="function-parameters">
        <header>
          <h2 id="function-parameters">{texts.parameters.title}</h2>
        </header>
        <ParameterTable parameters={shown.parameters} />
      </section>
      <div class="grid">
        <FunctionUsageCard functionId={id} />
        <FunctionVersions shown={shown} />
      </div>
    </Page>
  );
}

interface ShownFunction {
  readonly shown: FunctionRecord;
  readonly code: FunctionCode;
}

function Facts({ shown, code }: ShownFunction): ComponentChildren {
  const { function_uuid: id, owner } = shown;
  const image = code.kind === "unreadable" ? null : code.image;
  return (
    <dl class="facts card">
      <dt>{texts.id}</dt>
      <dd class="with-button">
        <code>{id}</code> <CopyButton text={id} />
      </dd>
      <dt>{texts.runtime}</dt>
      <dd>
        <RuntimeName runtime={shown.runtime} />
      </dd>
      {image !== null && (
        <>
          <dt>{texts.image}</dt>
          <dd>
            <code>{image}</code>
          </dd>
        </>
      )}
      <dt>{texts.usableBy}</dt>
      <dd dir="auto">{shown.public ? texts.everybody(owner) : texts.ownerOnly(owner)}</dd>
      <dt>{texts.created}</dt>
      <dd>
        <Age at={shown.created_at} />
      </dd>
    </dl>
  );
}

function Actions({ shown, code }: ShownFunction): ComponentChildren {
  const id = shown.function_uuid;
  const asking = useSignal(false);
  const { route } = useLocation();
  if (!may("run")) return null;
  const state = session.value;
  const isMine = state.kind === "signed_in" && state.user === shown.owner;
  const remove = async (): Promise<string> => {
    await client.deleteFunction(id);
    route("/functions", true);
    return texts.deleted(shown.function_name);
  };
  return (
    <>
      <a class="button primary" href={`/run?function=${id}`}>{texts.run}</a>
      {code.kind === "source" && (
        <a class="button" href={`/functions/new?from=${id}`}>{texts.edit}</a>
      )}
      {isMine && (
        <button type="button" class="danger" onClick={() => asking.value = true}>
          {texts.delete}
        </button>
      )}
      {asking.value && (
        <Confirm
          title={texts.deleteTitle}
          confirm={texts.delete}
          onConfirm={() => void attempt(remove)}
          onClose={() => asking.value = false}
        >
          <p class="wrap">{texts.deleteLead(shown.function_name)}</p>
        </Confirm>
      )}
    </>
  );
}
