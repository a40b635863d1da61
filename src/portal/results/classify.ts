/** Which views a value deserves, the most telling one first. */
import { type ImageData, imageOf } from "./images.ts";
import type { Series } from "../charts/series.ts";
import { seriesOf } from "./series.ts";
import { type TableData, tableOf } from "./table_data.ts";

export type View =
  | { readonly kind: "image"; readonly image: ImageData }
  | { readonly kind: "html"; readonly html: string }
  | { readonly kind: "plot"; readonly series: readonly Series[] }
  | { readonly kind: "table"; readonly table: TableData }
  | { readonly kind: "streams"; readonly streams: ShellStreams }
  | { readonly kind: "quantity"; readonly text: string; readonly unit?: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tree"; readonly value: unknown }
  /** JSON as text. */
  | { readonly kind: "source" };

export interface ShellStreams {
  readonly returncode: number;
  readonly stdout: string;
  readonly stderr: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

export function viewsOf(value: unknown): readonly View[] {
  const views: View[] = [];
  const image = imageOf(value);
  if (image !== undefined) views.push({ kind: "image", image });
  const html = htmlOf(value);
  if (html !== undefined) views.push({ kind: "html", html });
  if (typeof value === "string") return [...views, { kind: "text", text: value }];
  if (!isObject(value) && !Array.isArray(value)) {
    return [{ kind: "quantity", text: String(value) }];
  }
  return [...views, ...structuredViews(value), { kind: "tree", value }, { kind: "source" }];
}

function structuredViews(value: object): View[] {
  const streams = streamsOf(value);
  if (streams !== undefined) return [{ kind: "streams", streams }];
  const quantity = quantityOf(value);
  if (quantity !== undefined) return [quantity];
  const views: View[] = [];
  const text = bundleText(value, "text/plain");
  const series = seriesOf(value);
  const table = tableOf(value);
  if (series !== undefined) views.push({ kind: "plot", series });
  if (table !== undefined) views.push({ kind: "table", table });
  if (text !== undefined) views.push({ kind: "text", text });
  return views;
}

function streamsOf(value: object): ShellStreams | undefined {
  const { returncode, stdout, stderr } = value as JsonObject;
  if (
    typeof returncode !== "number" || typeof stdout !== "string" || typeof stderr !== "string"
  ) return undefined;
  return { returncode, stdout, stderr };
}

/** Such as `{value: 3.2, unit: "eV"}`, and nothing beside it. */
function quantityOf(value: object): View | undefined {
  const entries = Object.entries(value);
  if (entries.length !== 2) return undefined;
  const { value: amount, magnitude, unit, units } = value as JsonObject;
  const number = amount ?? magnitude;
  const name = unit ?? units;
  if (typeof number !== "number" && typeof number !== "bigint") return undefined;
  if (typeof name !== "string" || name.length > 40) return undefined;
  return { kind: "quantity", text: String(number), unit: name };
}

/** How a page begins, or a piece of one as libraries give it. */
const HTML =
  /^\s*(<!doctype html|<html[\s>]|<(div|table|body|head|style|section|article|p|h[1-6])[\s>])/i;

function htmlOf(value: unknown): string | undefined {
  if (typeof value === "string") return HTML.test(value.slice(0, 500)) ? value : undefined;
  return isObject(value) ? bundleText(value, "text/html") : undefined;
}

/** From a bundle of MIME types, as notebooks have them: text, or lines of it. */
function bundleText(value: object, type: string): string | undefined {
  const found = (value as JsonObject)[type];
  if (typeof found === "string") return found;
  const isLines = Array.isArray(found) && found.every((line) => typeof line === "string");
  return isLines ? found.join("") : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
