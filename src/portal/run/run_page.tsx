/** Runs a function: what, where, with which arguments; and what becomes of it, on the same page. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { type Signal, useSignal } from "@preact/signals";
import type { EndpointRecord, FunctionRecord } from "../../contract/api.ts";
import { EnvelopeError, readSourceFunction } from "../../contract/envelope.ts";
import { live, useLive } from "../live/live.ts";
import { client, may } from "../session/session.ts";
import { attempt, tell } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { type Failure, tellsOfNoEndpoint } from "../widgets/failure.ts";
import { type Loaded, useLoaded } from "../widgets/loaded.ts";
import { Problem } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { ArgumentsEditor } from "./arguments_editor.tsx";
import { readArguments } from "./call_arguments.ts";
import { type Draft, keepDraft, keptDraft } from "./draft.ts";
import { refusal } from "./eligibility.ts";
import { EndpointPicker, EndpointState } from "./endpoint_picker.tsx";
import { FunctionPicker } from "./function_picker.tsx";
import { OptionFields } from "./option_fields.tsx";
import { fieldsOf, type ParameterField, templateFields } from "./parameter_fields.ts";
import { RunList } from "./run_list.tsx";
import { readOptions } from "./run_options.ts";
import { endpointOf, isRefusedByEndpoint, type RunRequest, startRun } from "./runs.ts";
import { SnippetView } from "./snippet_view.tsx";
import type { Call } from "./snippets.ts";
import { type Target, targetOf } from "./targets.ts";

export function RunPage(): ComponentChildren {
  const { query, route } = useLocation();
  const functionId = query.function ?? "";
  const target = targetOf(query.endpoint);
  const fn = useOne(functionId, (signal) => client.function(functionId, { signal }));
  const endpoint = useEndpoint(target);
  const choose = (change: Readonly<Record<string, string>>): void => {
    route(`/run?${new URLSearchParams({ ...query, ...change })}`, true);
  };
  const functionRecord = valueIn(fn);
  const again = useRef<() => void>(() => {});
  const call = useSignal<Call | undefined>(undefined);
  const { lead, title, choose: heading, notPermitted } = english.run;
  return (
    <Page title={title} lead={lead}>
      {!may("run") && <p class="hint-box">{notPermitted}</p>}
      <div class="run">
        <div class="run-form">
          <section class="card run-choice">
            <h2>{heading}</h2>
            <FunctionPicker
              chosen={functionRecord}
              onChoose={(id) => choose({ function: id })}
            />
            {fn?.kind === "failed" && <Problem failure={fn.failure} />}
            <EndpointPicker
              target={target}
              endpoint={endpoint.record}
              fn={functionRecord}
              wrong={endpointProblem(endpoint, functionRecord)}
              onChoose={(id) => choose({ endpoint: id })}
            />
            {endpoint.record !== undefined && (
              <p class="small" role="status">
                <EndpointState record={endpoint.record} />
              </p>
            )}
          </section>
          <CallForm
            key={functionId}
            functionId={functionId}
            fn={functionRecord}
            target={target}
            endpoint={endpoint}
            again={again}
            call={call}
          />
        </div>
        <RunList onAgain={() => again.current()} />
        <SnippetView call={call.value} />
      </div>
    </Page>
  );
}

interface ChosenEndpoint {
  readonly record: EndpointRecord | undefined;
  readonly isGone: boolean;
  /** Why it is not known how it stands. */
  readonly failure: Failure | undefined;
}

function useEndpoint(target: Target | undefined): ChosenEndpoint {
  const id = target?.kind === "endpoint" ? target.id : "";
  const loaded = useOne(id, (signal) => client.endpoint(id, { signal }));
  useLive(id === "" ? {} : { endpoints: [id] });
  const failure = loaded?.kind === "failed" ? loaded.failure : undefined;
  return {
    record: id === "" ? undefined : live.endpoints.value.get(id) ?? valueIn(loaded),
    isGone: live.goneEndpoints.value.has(id) ||
      failure !== undefined && tellsOfNoEndpoint(failure),
    failure,
  };
}

function endpointProblem(
  { record, isGone, failure }: ChosenEndpoint,
  fn: FunctionRecord | undefined,
): string | undefined {
  if (isGone) return english.run.gone;
  if (record === undefined) return failure?.message;
  return refusal(record, fn) ?? (record.status === "offline" ? english.run.offline : undefined);
}

interface CallFormProps {
  /** Of the address; `fn` comes later. */
  readonly functionId: string;
  readonly fn: FunctionRecord | undefined;
  readonly target: Target | undefined;
  readonly endpoint: ChosenEndpoint;
  /** Gets what the button beside the outcome does. */
  readonly again: { current: () => void };
  /** Gets the call as it stands in the form; undefined while it is not whole. */
  readonly call: Signal<Call | undefined>;
}

function CallForm(
  { functionId, fn, target, endpoint, again, call }: CallFormProps,
): ComponentChildren {
  const draft = useDraft(functionId);
  const isTried = useSignal(false);
  const isBusy = useSignal(false);
  const wish = useRef(wishOf(""));
  const fields = useMemo(() => fn && parametersOf(fn), [fn]);
  const runtime = fn?.runtime ?? "python";
  const read = useMemo(() => readArguments(draft.value, fields, runtime), [draft.value, fields]);
  const options = useMemo(() => readOptions(draft.value.options), [draft.value.options]);
  const isRefused = endpoint.isGone ||
    endpoint.record !== undefined && refusal(endpoint.record, fn) !== undefined;
  const isWrong = !read.ok || Object.keys(options.wrong).length > 0 || isRefused ||
    fn === undefined || target === undefined;

  const run = async (): Promise<void> => {
    isTried.value = true;
    if (isWrong || isBusy.value) {
      if (isWrong) tell(english.run.incomplete, "bad");
      return;
    }
    const wished = { args: read.args, kwargs: read.kwargs, ...options };
    const text = JSON.stringify([fn.function_uuid, target, wished]);
    if (wish.current.text !== text) wish.current = wishOf(text);
    isBusy.value = true;
    await attempt(async () => {
      await fulfil(wish.current, target, { ...wished, fn });
      // The next one is another wish, also with the same arguments.
      wish.current = wishOf("");
    });
    isBusy.value = false;
  };
  again.current = () => void run();
  const { record } = endpoint;
  useEffect(() => {
    call.value = fn && read.ok && record ? callOf(fn, record, read, options.options) : undefined;
  }, [fn, read, record?.uuid, options]);

  return (
    <form
      class="run-form"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {fn !== undefined && (
        <ArgumentsEditor
          fields={fields}
          runtime={runtime}
          draft={draft.value}
          read={read}
          isTried={isTried.value}
          onChange={(next) => draft.value = next}
        />
      )}
      <OptionFields
        typed={draft.value.options}
        wrong={options.wrong}
        onChange={(typed) => draft.value = { ...draft.value, options: typed }}
      />
      <div class="run-actions">
        <button type="submit" class="primary" disabled={isBusy.value || !may("run")}>
          {isBusy.value ? english.run.submitting : english.run.submit}
        </button>
        {isTried.value && isWrong && (
          <span class="muted small" role="status">{english.run.incomplete}</span>
        )}
      </div>
    </form>
  );
}

/** What somebody wants to run, until it is known to be submitted. */
interface Wish {
  /** All of it, to be compared. */
  readonly text: string;
  readonly key: string;
  /** Once one was chosen: an answer that is lost does not say that it has not taken it. */
  endpoint?: EndpointRecord;
}

function wishOf(text: string): Wish {
  return { text, key: crypto.randomUUID() };
}

async function fulfil(
  wish: Wish,
  target: Target,
  request: Omit<RunRequest, "endpoint" | "idempotencyKey">,
): Promise<void> {
  const endpoint = wish.endpoint ??= await endpointOf(target, request.fn);
  try {
    await startRun({ ...request, endpoint, idempotencyKey: wish.key });
  } catch (thrown) {
    if (isRefusedByEndpoint(thrown)) delete wish.endpoint;
    throw thrown;
  }
}

function callOf(
  fn: FunctionRecord,
  endpoint: EndpointRecord,
  { args, kwargs }: Pick<Call, "args" | "kwargs">,
  options: Call["options"],
): Call {
  return {
    url: client.url,
    functionId: fn.function_uuid,
    functionName: fn.function_name,
    endpointId: endpoint.uuid,
    args,
    kwargs,
    options,
  };
}

/** The draft of a function, kept at every change. */
function useDraft(functionId: string): Signal<Draft> {
  const draft = useSignal<Draft>(keptDraft(functionId));
  const { value } = draft;
  useEffect(() => keepDraft(functionId, value), [value]);
  return draft;
}

/** From its signature, or the fields of its template; undefined where neither says. */
function parametersOf(fn: FunctionRecord): readonly ParameterField[] | undefined {
  const { parameters, runtime, function_code } = fn;
  if (runtime !== "shell") return fieldsOf(parameters);
  try {
    return templateFields(readSourceFunction(function_code).source);
  } catch (thrown) {
    if (thrown instanceof EnvelopeError) return undefined;
    throw thrown;
  }
}

/** What the page asks for once something is chosen; undefined before. */
function useOne<T>(id: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> | undefined {
  const loaded = useLoaded<T | undefined>(
    id,
    (signal) => id === "" ? Promise.resolve(undefined) : load(signal),
  );
  return id === "" ? undefined : loaded.state.value as Loaded<T>;
}

function valueIn<T>(loaded: Loaded<T> | undefined): T | undefined {
  return loaded === undefined || loaded.kind === "loading" ? undefined : loaded.value;
}
