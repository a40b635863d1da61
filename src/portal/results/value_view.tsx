/** A value in the views that it deserves. */
import type { ComponentChildren } from "preact";
import { useId, useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { TabPanel, Tabs } from "../widgets/tabs.tsx";
import { type ShellStreams, type View, viewsOf } from "./classify.ts";
import { HtmlView } from "./html_view.tsx";
import { ImageView } from "./image_view.tsx";
import { PlotView } from "./plot_view.tsx";
import { jsonOf } from "./read_result.ts";
import { ResultActions } from "./result_actions.tsx";
import { TableView } from "./table_view.tsx";
import { TextView } from "./text_view.tsx";
import { JsonTree } from "./json_tree.tsx";

export interface ValueViewProps {
  readonly value: unknown;
  /** Its JSON. */
  readonly text: string;
  readonly name: string;
}

/** JSON that is indented for reading; longer one stays as the worker wrote it. */
const MAX_INDENTED = 2_000_000;

export function ValueView({ value, text, name }: ValueViewProps): ComponentChildren {
  const views = useMemo(() => viewsOf(value), [value]);
  const chosen = useSignal<View["kind"] | undefined>(undefined);
  const view = views.find(({ kind }) => kind === chosen.value) ?? views[0]!;
  const panel = useId();
  const shown = <OneView view={view} value={value} text={text} name={name} />;
  if (views.length === 1) return shown;
  return (
    <>
      <Tabs
        panel={panel}
        label={english.results.views}
        tabs={views.map(({ kind }) => [kind, english.results.kinds[kind]] as const)}
        chosen={view.kind}
        onChoose={(kind) => chosen.value = kind}
      />
      <TabPanel id={panel} chosen={view.kind}>{shown}</TabPanel>
    </>
  );
}

function OneView(
  { view, value, text, name }: ValueViewProps & { readonly view: View },
): ComponentChildren {
  switch (view.kind) {
    case "image":
      return <ImageView image={view.image} name={name} />;
    case "html":
      return <HtmlView html={view.html} name={name} />;
    case "plot":
      return <PlotView series={view.series} name={name} />;
    case "table":
      return <TableView table={view.table} name={name} />;
    case "streams":
      return <StreamsView streams={view.streams} name={name} />;
    case "quantity":
      return <QuantityView text={view.text} unit={view.unit} />;
    case "text":
      return (
        <>
          <TextView text={view.text} />
          <ResultActions text={view.text} name={name} extension="txt" type="text/plain" />
        </>
      );
    case "tree":
      return <JsonTree value={view.value} text={text} name={name} />;
    case "source":
      return <SourceView value={value} text={text} name={name} />;
  }
}

function SourceView({ value, text, name }: ValueViewProps): ComponentChildren {
  const indented = useMemo(() => text.length > MAX_INDENTED ? text : jsonOf(value), [text]);
  return (
    <>
      <TextView text={indented} label={english.results.kinds.source} />
      <ResultActions text={text} name={name} extension="json" type="application/json" />
    </>
  );
}

function QuantityView(
  { text, unit }: { readonly text: string; readonly unit?: string },
): ComponentChildren {
  return (
    <div class="result-quantity">
      <span class="number" dir="auto">{text} {unit !== undefined && <small>{unit}</small>}</span>
      <ResultActions text={text} name="result" extension="json" type="application/json" />
    </div>
  );
}

/** What a shell command wrote, and how it ended. */
function StreamsView(
  { streams, name }: { readonly streams: ShellStreams; readonly name: string },
): ComponentChildren {
  const { returncode, stdout, stderr } = streams;
  const { returned, nothingWritten } = english.results;
  return (
    <div class="result-streams">
      <p>
        <span class={`badge ${returncode === 0 ? "good" : "bad"}`}>{returned(returncode)}</span>
      </p>
      {([["stdout", stdout], ["stderr", stderr]] as const).map(([stream, text]) => (
        <section key={stream} aria-label={stream}>
          <h3>{stream}</h3>
          {text === "" ? <p class="muted">{nothingWritten}</p> : (
            <>
              <TextView text={text} label={stream} />
              <ResultActions
                text={text}
                name={`${name}-${stream}`}
                extension="txt"
                type="text/plain"
              />
            </>
          )}
        </section>
      ))}
    </div>
  );
}
