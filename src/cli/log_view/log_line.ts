/** One line of a daemon's log, for people. */
import { instant } from "../format.ts";
import { oneLine } from "../output/style.ts";
import type { Style } from "../output/output.ts";

/** What LogTape's JSON lines formatter writes. */
interface LogRecord {
  readonly "@timestamp": string;
  readonly level: string;
  readonly message: string;
  readonly logger: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/**
 * `2026-05-09 07:29:33 INFO  agent.forwarder  connected  session=…`. A line that is not a record,
 * such as the stack of a crash, is given as it is but for its control characters.
 */
export function formatLogLine(line: string, style: Style): string {
  const record = parse(line);
  if (record === undefined) return oneLine(line);
  const time = instant(Date.parse(record["@timestamp"]));
  const category = record.logger.replace(/^funcx\./, "");
  const level = coloured(record.level, style);
  const text = `${style.dim(time)} ${level} ${style.dim(category)} ${oneLine(record.message)}`;
  const properties = Object.entries(record.properties ?? {})
    .filter(([, value]) => !isInMessage(record.message, value))
    .map(([name, value]) => style.dim(`${name}=${show(value)}`));
  return [text, ...properties].join("  ");
}

function parse(line: string): LogRecord | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const record = JSON.parse(line) as Partial<LogRecord>;
    const complete = [record["@timestamp"], record.level, record.message, record.logger]
      .every((field) => typeof field === "string");
    return complete ? record as LogRecord : undefined;
  } catch {
    return undefined;
  }
}

function coloured(level: string, style: Style): string {
  const text = (level === "WARNING" ? "WARN" : level).padEnd(5);
  if (level === "ERROR" || level === "FATAL") return style.red(text);
  return level === "WARN" || level === "WARNING" ? style.yellow(text) : text;
}

/** LogTape fills placeholders from the properties; those need not be told twice. */
function isInMessage(message: string, value: unknown): boolean {
  return message.includes(show(value));
}

function show(value: unknown): string {
  return oneLine(typeof value === "string" ? value : JSON.stringify(value) ?? String(value));
}
