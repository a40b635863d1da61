/** What a worker has told of itself with a result, in an order that people look for. */
import { durationText } from "../widgets/units.ts";

export interface WorkerFact {
  readonly name: string;
  readonly text: string;
}

const FIRST = ["hostname", "pid", "runtime", "version"];
/** Of what an odd worker says; the service bounds the whole. */
const MAX_TEXT = 500;

export function workerFacts(
  details: Readonly<Record<string, unknown>> | null,
): readonly WorkerFact[] {
  const names = Object.keys(details ?? {});
  const known = FIRST.filter((name) => names.includes(name));
  const others = names.filter((name) => !FIRST.includes(name)).sort();
  return [...known, ...others].map((name) => ({ name, text: textOf(name, details?.[name]) }));
}

function textOf(name: string, value: unknown): string {
  if (name === "duration" && typeof value === "number") return durationText(value);
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
