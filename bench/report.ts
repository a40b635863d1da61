/** From results to the tables of `bench/README.md`. Pure. */
import { type Figure, FIGURES, FLOOR, FLOORS, OURS, rowOf, type Unit } from "./figures.ts";
import { machineText } from "./machine_text.ts";
import type { Measured, Results } from "./results.ts";

const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

/** The page with what lies between its two marks replaced; throws for a page without them. */
export function withTable(page: string, results: Results): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tableText(results)}\n\n${page.slice(end)}`;
}

/** All tables, those without a line left out. */
export function tableText(results: Results): string {
  const machine = results.machine === null ? [] : [`${machineText(results.machine)}.`];
  return [
    ...machine,
    ...section("", ownTable(results)),
    ...section("### Peers", peerTable(results)),
    ...section("### What bounds the figures that are not reached", floorTable(results)),
    ...section("### Floors", allFloorsTable(results)),
    ...section(
      "### Notes",
      Object.entries(results.notes).map(([who, text]) => `- ${who}: ${text}`),
    ),
  ].join("\n\n");
}

function section(heading: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [...(heading === "" ? [] : [heading]), lines.join("\n")];
}

/** A requirement of a figure, and whether what was measured meets it. */
export interface Verdict {
  readonly required: string;
  /** Undefined when there is nothing to compare with. */
  readonly reached: boolean | undefined;
}

export function verdictsOf(figure: Figure, results: Results): Verdict[] {
  const ours = results.figures[figure.id]?.[OURS];
  const verdicts: Verdict[] = [];
  if (figure.target !== undefined) {
    verdicts.push({
      required: quantity(figure.target, figure.unit),
      reached: ours === undefined ? undefined : isAsGood(figure, ours.median, figure.target),
    });
  }
  for (const { peer, times } of figure.versus ?? []) {
    const ratio = ratioTo(figure, results, peer);
    verdicts.push({
      required: `${times} × ${peer}`,
      reached: ratio === undefined ? undefined : ratio >= times,
    });
  }
  return verdicts;
}

/** How many times as good as the peer; above 1 is better, whatever the figure's direction. */
export function ratioTo(figure: Figure, results: Results, peer: string): number | undefined {
  const ours = results.figures[figure.id]?.[OURS]?.median;
  const theirs = results.figures[figure.id]?.[peer]?.median;
  if (ours === undefined || theirs === undefined) return undefined;
  return figure.better === "higher" ? ours / theirs : theirs / ours;
}

function isAsGood(figure: Figure, value: number, target: number): boolean {
  return figure.better === "higher" ? value >= target : value <= target;
}

function ownTable(results: Results): string[] {
  const lines = FIGURES.flatMap((figure) => {
    const ours = results.figures[figure.id]?.[OURS];
    return ours === undefined ? [] : [ownLine(figure, ours, results)];
  });
  if (lines.length === 0) return [];
  return table(
    [
      "#",
      "figure",
      "against peers",
      "must reach",
      "median",
      "min to max",
      "reached",
      "CPU s / 1,000",
    ],
    lines,
  );
}

function ownLine(figure: Figure, ours: Measured, results: Results): string[] {
  const ratios = peersOf(figure.id, results).map((peer) =>
    `${times(ratioTo(figure, results, peer)!)} ${peer}`
  );
  const verdicts = verdictsOf(figure, results);
  const processor = results.figures[`${figure.id}.cpu`]?.[OURS];
  return [
    String(rowOf(figure.id)),
    figure.label,
    ratios.join("<br>"),
    verdicts.map(({ required }) => required).join("<br>"),
    `**${quantity(ours.median, figure.unit)}**`,
    range(ours, figure.unit),
    verdicts.map(({ reached }) => reached === undefined ? "?" : reached ? "yes" : "**no**")
      .join("<br>"),
    processor === undefined ? "" : number(processor.median),
  ];
}

function peersOf(id: string, results: Results): string[] {
  return Object.keys(results.figures[id] ?? {}).filter((who) => who !== OURS && who !== FLOOR);
}

function peerTable(results: Results): string[] {
  const lines = FIGURES.flatMap((figure) =>
    peersOf(figure.id, results).map((peer) => {
      const theirs = results.figures[figure.id]![peer]!;
      return [
        String(rowOf(figure.id)),
        figure.label,
        peer,
        quantity(theirs.median, figure.unit),
        range(theirs, figure.unit),
      ];
    })
  );
  return lines.length === 0 ? [] : table(["#", "figure", "peer", "median", "min to max"], lines);
}

/** Each figure that is not reached, beside the floors that bound it. */
function floorTable(results: Results): string[] {
  const lines = FIGURES.filter((figure) =>
    verdictsOf(figure, results).some(({ reached }) => reached === false)
  ).map((figure) => [
    String(rowOf(figure.id)),
    figure.label,
    quantity(results.figures[figure.id]![OURS]!.median, figure.unit),
    (figure.floors ?? []).flatMap((id) => {
      const floor = FLOORS.find((each) => each.id === id);
      const measured = results.figures[id]?.[FLOOR];
      if (floor === undefined || measured === undefined) return [];
      return [`${floor.label}: ${quantity(measured.median, floor.unit)}`];
    }).join("<br>"),
  ]);
  return lines.length === 0 ? [] : table(["#", "figure", "median", "the machine alone"], lines);
}

function allFloorsTable(results: Results): string[] {
  const lines = FLOORS.flatMap((floor) => {
    const measured = results.figures[floor.id]?.[FLOOR];
    if (measured === undefined) return [];
    return [[floor.label, quantity(measured.median, floor.unit), range(measured, floor.unit)]];
  });
  return lines.length === 0 ? [] : table(["without the program", "median", "min to max"], lines);
}

/** As the formatter of this repository lays tables out: columns as wide as their widest cell. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const rows = [head, ...lines];
  const widths = head.map((_, column) => Math.max(2, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...lines.map(line)];
}

function times(ratio: number): string {
  return `${number(ratio)} ×`;
}

function range({ min, max }: Measured, unit: Unit): string {
  return `${amount(min, unit)} to ${amount(max, unit)}`;
}

export function quantity(value: number, unit: Unit): string {
  return unit === "ratio" ? amount(value, unit) : `${amount(value, unit)} ${unit}`;
}

/** Ratios to two places, since 0.99 is a requirement. */
function amount(value: number, unit: Unit): string {
  return unit === "ratio" && value < 10 ? value.toFixed(2) : number(value);
}

/** Three digits, or all before the point. */
function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : String(Number(value.toPrecision(3)));
}
