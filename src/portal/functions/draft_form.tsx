/** The form of a function that is being written. */
import type { ComponentChildren } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Runtime } from "../../client/mod.ts";
import { CodeEditor } from "../editor/code_editor.tsx";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Choice, Field } from "../widgets/controls.tsx";
import { type Failure, failureOf } from "../widgets/failure.ts";
import { Problem } from "../widgets/messages.tsx";
import { EXAMPLES } from "./examples.ts";
import {
  checkDraft,
  type CheckedDraft,
  type DraftField,
  type FunctionDraft,
} from "./function_draft.ts";
import { RUNTIMES } from "./function_list.ts";
import { ParameterTable } from "./parameter_table.tsx";

const texts = english.newFunction;

type Progress =
  | { readonly kind: "writing" }
  | { readonly kind: "sending" }
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "registered"; readonly functionId: string; readonly name: string };

export interface DraftFormProps {
  readonly draft: Signal<FunctionDraft>;
  readonly onRegistered: () => void;
}

interface PartProps {
  readonly draft: FunctionDraft;
  readonly checked: CheckedDraft;
  /** What is wrong with a field, once that is worth telling. */
  readonly wrong: (field: DraftField) => string | undefined;
  readonly change: (part: Partial<FunctionDraft>) => void;
}

export function DraftForm({ draft: state, onRegistered }: DraftFormProps): ComponentChildren {
  const draft = state.value;
  const checked = useMemo(() => checkDraft(draft), [draft]);
  const progress = useSignal<Progress>({ kind: "writing" });
  const hasTried = useSignal(false);
  const { outcome } = checked;
  const isBlank = draft.texts[draft.runtime].trim() === "";
  const wrong = (field: DraftField): string | undefined =>
    outcome.kind === "wrong" && outcome.field === field && (hasTried.value || !isBlank)
      ? outcome.message
      : undefined;
  const change = (part: Partial<FunctionDraft>): void => {
    state.value = { ...state.value, ...part };
    if (progress.peek().kind !== "sending") progress.value = { kind: "writing" };
  };
  const register = async (): Promise<void> => {
    hasTried.value = true;
    if (outcome.kind === "wrong" || progress.value.kind === "sending") return;
    progress.value = { kind: "sending" };
    progress.value = await sent(draft, outcome.source);
    if (progress.value.kind === "registered") onRegistered();
  };
  const parts = { draft, checked, wrong, change };
  return (
    <form
      class="draft"
      onSubmit={(event) => {
        event.preventDefault();
        void register();
      }}
    >
      <SourcePart {...parts} />
      <aside class="card side">
        <DetailsPart {...parts} />
        {outcome.kind === "ready" && (
          <>
            <h2>{english.function.parameters.title}</h2>
            {outcome.signature === undefined
              ? <p class="muted">{texts.noSignature}</p>
              : <ParameterTable parameters={outcome.signature} />}
          </>
        )}
        <button type="submit" class="primary" disabled={progress.value.kind === "sending"}>
          {progress.value.kind === "sending" ? texts.sending : texts.submit}
        </button>
        <Outcome progress={progress.value} />
      </aside>
    </form>
  );
}

async function sent(
  { description, public: isPublic }: FunctionDraft,
  source: Extract<CheckedDraft["outcome"], { kind: "ready" }>["source"],
): Promise<Progress> {
  try {
    const { functionId, name } = await client.register(source, {
      description: description.trim() === "" ? undefined : description,
      public: isPublic,
    });
    return { kind: "registered", functionId, name };
  } catch (thrown) {
    return { kind: "refused", failure: failureOf(thrown) };
  }
}

function SourcePart({ draft, checked, wrong, change }: PartProps): ComponentChildren {
  const { runtime } = draft;
  const setText = (text: string): void => change({ texts: { ...draft.texts, [runtime]: text } });
  return (
    <div class="source">
      <div class="filters">
        <Choice<Runtime>
          label={english.functions.runtime}
          value={runtime}
          options={RUNTIMES.map((name) => [name, english.runtimes[name]])}
          onChange={(next) => change({ runtime: next })}
        />
        {checked.entries.length > 1 && (
          <Choice<string>
            label={runtime === "python" ? texts.calledFunction : texts.calledExport}
            value={checked.entry!}
            options={checked.entries.map((name) => [name, name])}
            onChange={(entry) => change({ entry })}
          />
        )}
      </div>
      <div class="examples" role="group" aria-label={texts.examples}>
        <span class="muted small">{texts.examples}</span>
        {EXAMPLES[runtime].map(({ id, text }) => (
          <button
            type="button"
            class="small"
            key={id}
            onClick={() => setText(text)}
          >
            {texts.exampleNames[id]}
          </button>
        ))}
      </div>
      <CodeEditor
        value={draft.texts[runtime]}
        language={runtime}
        label={texts.source}
        wrong={wrong("text")}
        onChange={setText}
      />
      <p class="muted small">{texts.notes[runtime]}</p>
    </div>
  );
}

function DetailsPart({ draft, checked, wrong, change }: PartProps): ComponentChildren {
  return (
    <>
      <Field label={texts.name} note={texts.nameNote} wrong={wrong("name")}>
        {(attributes) => (
          <input
            {...attributes}
            dir="auto"
            value={draft.name}
            placeholder={checked.proposedName}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label={texts.description} wrong={wrong("description")}>
        {(attributes) => (
          <input
            {...attributes}
            dir="auto"
            value={draft.description}
            onInput={(event) => change({ description: event.currentTarget.value })}
          />
        )}
      </Field>
      {draft.runtime !== "typescript" && (
        <Field label={texts.image} note={texts.imageNote} wrong={wrong("image")}>
          {(attributes) => (
            <input
              {...attributes}
              spellcheck={false}
              autocomplete="off"
              placeholder="docker.io/library/python:3.12"
              value={draft.image}
              onInput={(event) => change({ image: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={draft.public}
          onChange={(event) => change({ public: event.currentTarget.checked })}
        />
        {texts.public}
      </label>
    </>
  );
}

function Outcome({ progress }: { readonly progress: Progress }): ComponentChildren {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (progress.kind === "registered") link.current?.focus();
  }, [progress.kind]);
  if (progress.kind === "refused") return <Problem failure={progress.failure} />;
  if (progress.kind !== "registered") return null;
  return (
    <div class="hint-box registered" role="status">
      <p class="wrap" dir="auto">{texts.registered(progress.name)}</p>
      <div class="row">
        <a ref={link} class="button primary" href={`/run?function=${progress.functionId}`}>
          {texts.runIt}
        </a>
        <a class="button" href={`/functions/${progress.functionId}`}>{texts.showIt}</a>
      </div>
    </div>
  );
}
