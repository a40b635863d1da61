/** The call that the form would make, to be made from elsewhere. */
import type { ComponentChildren } from "preact";
import { useEffect, useId } from "preact/hooks";
import { useSignal } from "@preact/signals";
import {
  PYTHON_CLIENT_CHECKSUM_HEADER,
  PYTHON_CLIENT_PATH,
} from "../../contract/python_client_place.ts";
import { english } from "../texts/english.ts";
import { CodeBlock } from "../widgets/controls.tsx";
import { TabPanel, Tabs } from "../widgets/tabs.tsx";
import { type Call, commandOf, pythonOf, typescriptOf } from "./snippets.ts";

type Language = keyof typeof english.run.languages;

export function SnippetView({ call }: { readonly call: Call | undefined }): ComponentChildren {
  const language = useSignal<Language>("command");
  const panel = useId();
  const { elsewhere, languages, noSnippet } = english.run;
  return (
    <section class="card">
      <header>
        <h2>{elsewhere}</h2>
        <Tabs
          panel={panel}
          label={elsewhere}
          tabs={Object.entries(languages) as [Language, string][]}
          chosen={language.value}
          onChoose={(chosen) => language.value = chosen}
        />
      </header>
      <TabPanel id={panel} chosen={language.value}>
        {call === undefined
          ? <p class="muted">{noSnippet}</p>
          : <Snippet call={call} language={language.value} />}
      </TabPanel>
    </section>
  );
}

function Snippet(
  { call, language }: { readonly call: Call; readonly language: Language },
): ComponentChildren {
  const { needsToken, needsLogin, unsaid } = english.run;
  if (language !== "command") {
    const text = language === "python" ? pythonOf(call) : typescriptOf(call);
    return (
      <>
        <CodeBlock text={text} />
        <p class="muted small">{needsToken}</p>
        {language === "python" && <ClientChecksum />}
      </>
    );
  }
  const command = commandOf(call);
  return (
    <div class="run-command">
      <CodeBlock text={command.text} />
      <p class="muted small">
        {needsLogin(call.url)}
        {command.unsaid.length > 0 && ` ${unsaid(command.unsaid.join(", "))}`}
      </p>
    </div>
  );
}

/** Of `funcx.py`, as the service gives it out now; nothing while it is not known. */
function ClientChecksum(): ComponentChildren {
  const checksum = useSignal<string | null>(null);
  useEffect(() => {
    const left = new AbortController();
    fetch(PYTHON_CLIENT_PATH, { method: "HEAD", signal: left.signal }).then(
      ({ headers }) => checksum.value = headers.get(PYTHON_CLIENT_CHECKSUM_HEADER),
      // The page says by itself that the service does not answer.
      () => undefined,
    );
    return () => left.abort();
  }, []);
  if (checksum.value === null) return null;
  return (
    <p class="muted small">
      {english.run.clientChecksum} <code class="wrap">{checksum.value}</code>
    </p>
  );
}
