import type { TextSink } from "../terminal.ts";
import type { Output } from "./output.ts";
import { spinner } from "./progress.ts";
import { style } from "./style.ts";

/** For people. */
export function textOutput(stdout: TextSink, stderr: TextSink): Output {
  const stdoutStyle = style(stdout.color);
  const line = (text: string): void => stdout.write(`${text}\n`);
  return {
    json: false,
    style: stdoutStyle,
    show: async (_document, text) => line(await text(stdoutStyle)),
    list: async (parts, text) => line(await text((await Array.fromAsync(parts)).flat())),
    item: (_document, text) => line(text(stdoutStyle)),
    note: line,
    warn: (text) => stderr.write(`${style(stderr.color).yellow("warning:")} ${text}\n`),
    progress: (text) => spinner(stderr, text),
  };
}
