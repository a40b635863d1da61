/** Writing a function and registering it. */
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { client, may } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { DraftForm } from "./draft_form.tsx";
import { readCode } from "./function_code.ts";
import { type FunctionDraft, newDraft, parseDraft } from "./function_draft.ts";

const texts = english.newFunction;
/** A longer one is not kept when the page is loaded anew. */
const MAX_KEPT = 1_000_000;

export function NewFunctionPage(): ComponentChildren {
  const { query: { from = "" } } = useLocation();
  const loading = useLoaded(from, (signal) => beginning(from, signal));
  if (!may("run")) return <Page title={texts.title} lead={texts.forbidden} />;
  return (
    <Page title={from === "" ? texts.title : texts.editTitle} lead={texts.lead}>
      <Shown of={loading}>{(draft) => <KeptDraft key={from} from={from} begun={draft} />}</Shown>
    </Page>
  );
}

function keyOf(from: string): string {
  return `funcx.new_function.${from}`;
}

/** What was kept of it before, the function that it is a version of, or an example. */
async function beginning(from: string, signal: AbortSignal): Promise<FunctionDraft> {
  const kept = parseDraft(sessionStorage.getItem(keyOf(from)));
  if (kept !== undefined || from === "") return kept ?? newDraft();
  const before = await client.function(from, { signal });
  const code = readCode(before.function_code);
  const draft = newDraft();
  if (code.kind !== "source") return draft;
  return {
    runtime: code.language,
    texts: { ...draft.texts, [code.language]: code.text },
    entry: code.entry,
    name: before.function_name,
    description: before.description ?? "",
    public: before.public,
    image: code.image ?? "",
  };
}

function KeptDraft(
  { from, begun }: { readonly from: string; readonly begun: FunctionDraft },
): ComponentChildren {
  const draft: Signal<FunctionDraft> = useSignal(begun);
  const key = keyOf(from);
  useEffect(() =>
    draft.subscribe((value) => {
      if (value === begun) return;
      const text = JSON.stringify(value);
      if (text.length <= MAX_KEPT) sessionStorage.setItem(key, text);
    }), [key]);
  const forget = useMemo(() => () => sessionStorage.removeItem(key), [key]);
  return <DraftForm draft={draft} onRegistered={forget} />;
}
