import type { TextSink } from "../terminal.ts";
import type { Output } from "./output.ts";
import { spinner } from "./progress.ts";
import { style } from "./style.ts";

/** For programs: each document on one line, but spread out on a terminal. */
export function jsonOutput(stdout: TextSink, stderr: TextSink): Output {
  return {
    json: true,
    style: style(false),
    show: (document) => {
      stdout.write(`${JSON.stringify(document, null, stdout.isTerminal ? 2 : undefined)}\n`);
      return Promise.resolve();
    },
    item: (document) => stdout.write(`${JSON.stringify(document)}\n`),
    note: () => {},
    warn: (text) => stderr.write(`warning: ${text}\n`),
    progress: (text) => spinner(stderr, text),
  };
}
