/** The lines of an agent's log as people read them. */

/** Such as `2026-11-27 02:57:35.112 INFO  "lab" starts`; what is no record of a log stays as it is. */
export function logLineText(line: string): string {
  const record = recordOf(line);
  if (record === undefined) return line;
  const { "@timestamp": at, level, message } = record;
  return `${at.replace("T", " ").replace("Z", "")} ${level.padEnd(7)} ${message}`;
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
