/** The lines of an agent's log as people read them. */

/**
 * Such as `2026-11-27 02:57:35.112 INFO  "lab" starts`, in the reader's time zone like all times of the
 * portal; what is no record of a log stays as it is.
 */
export function logLineText(line: string): string {
  const record = recordOf(line);
  if (record === undefined) return line;
  const { "@timestamp": at, level, message } = record;
  return `${localText(at)} ${level.padEnd(7)} ${message}`;
}

/** @param at as ISO 8601 has it; what is not stays as it is */
function localText(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const padded = (part: number, digits = 2): string => String(part).padStart(digits, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${day.map((part) => padded(part)).join("-")} ${
    time.map((part) => padded(part)).join(":")
  }.${padded(date.getMilliseconds(), 3)}`;
}

interface LogRecord {
  readonly "@timestamp": string;
  readonly level: string;
  readonly message: string;
}

function recordOf(line: string): LogRecord | undefined {
  try {
    const value: Partial<LogRecord> | null = JSON.parse(line);
    const isRecord = [value?.["@timestamp"], value?.level, value?.message]
      .every((field) => typeof field === "string");
    return isRecord ? value as LogRecord : undefined;
  } catch {
    return undefined;
  }
}
