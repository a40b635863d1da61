/** How an endpoint did over time. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { EndpointHistory } from "../../contract/api.ts";
import { Chart } from "../charts/chart.tsx";
import { client } from "../session/session.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { Choice } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { durationText } from "../widgets/units.ts";
import {
  type ChartId,
  chartsOf,
  type HistoryLine,
  type LineId,
  summaryOf,
} from "./history_series.ts";

const { history } = english.endpoint;

const SPANS = ["60", "360", "1440", "2880"] as const;
type Span = typeof SPANS[number];
const CHARTS: readonly ChartId[] = ["throughput", "utilisation", "queue", "latency"];
const COLOURS: Readonly<Record<LineId, string>> = {
  succeeded: "--accent",
  failed: "--bad",
  cancelled: "--waiting",
  busy: "--accent",
  workers: "--muted",
  queued: "--accent",
  median: "--accent",
  p95: "--waiting",
};
const HEIGHT = 170;
/** Seconds between two questions, at the least. */
const LEAST_STEP = 5;

export function HistoryView({ endpointId }: { readonly endpointId: string }): ComponentChildren {
  const { query, path, route } = useLocation();
  const span = SPANS.find((minutes) => minutes === query.minutes) ?? "60";
  const loading = useLoaded(`${endpointId} ${span}`, (signal) => {
    const params = { endpoint_id: endpointId };
    return client.call("endpointHistory", { params, query: { minutes: Number(span) }, signal });
  });
  const loaded = loading.state.value;
  const step = loaded.kind === "ready" ? loaded.value.step_seconds : 60;
  useEffect(() => {
    const again = (): void => {
      if (!document.hidden) loading.reload();
    };
    const timer = setInterval(again, Math.max(LEAST_STEP, step) * 1_000);
    return () => clearInterval(timer);
  }, [step, endpointId]);
  return (
    <section class="card" aria-labelledby="endpoint-history">
      <header>
        <h2 id="endpoint-history">{history.title}</h2>
        <div class="span-choice">
          <Choice<Span>
            label={history.span}
            value={span}
            options={SPANS.map((minutes) => [minutes, history.spans[minutes]] as const)}
            onChange={(minutes) =>
              route(minutes === "60" ? path : `${path}?minutes=${minutes}`, true)}
          />
        </div>
      </header>
      <Shown of={loading}>
        {(value) =>
          value.points.length === 0
            ? <p class="muted">{history.none}</p>
            : <Charts history={value} minutes={Number(span)} />}
      </Shown>
    </section>
  );
}

function Charts(
  { history: value, minutes }: { readonly history: EndpointHistory; readonly minutes: number },
): ComponentChildren {
  const charts = useMemo(() => chartsOf(value, minutes, now.peek()), [value, minutes]);
  return (
    <div class="charts">
      {CHARTS.map((id) => <HistoryChart key={id} id={id} lines={charts[id]} />)}
    </div>
  );
}

function HistoryChart(
  { id, lines }: { readonly id: ChartId; readonly lines: readonly HistoryLine[] },
): ComponentChildren {
  const valueText = id === "latency" ? durationText : shortNumber;
  const series = useMemo(
    () => lines.map((line) => ({ ...line, name: history[line.name], colour: COLOURS[line.name] })),
    [lines],
  );
  const x = lines[0]!.x;
  const summary = lines.map((line) => summaryText(line, valueText)).join("; ");
  const isEmpty = lines.every(({ y }) => y.every((value) => value === null));
  return (
    <div>
      <h3>{history[id]}</h3>
      {isEmpty ? <p class="muted no-values">{history.noValues}</p> : (
        <Chart
          series={series}
          label={history[id]}
          summary={summary}
          height={HEIGHT}
          isTime
          fromZero
          span={[x[0]!, x[x.length - 1]!]}
          valueText={valueText}
        />
      )}
    </div>
  );
}

function summaryText(line: HistoryLine, text: (value: number) => string): string {
  const name = history[line.name];
  const summary = summaryOf(line);
  return summary === undefined
    ? `${name}: ${history.noValues}`
    : history.summary(name, text(summary.last), text(summary.mean), text(summary.most));
}

function shortNumber(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
