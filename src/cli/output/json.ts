import type { TextSink } from "../terminal.ts";
import type { Output } from "./output.ts";
import { spinner } from "./progress.ts";
import { style } from "./style.ts";

/** For programs: each document on one line, but spread out on a terminal. */
export function jsonOutput(stdout: TextSink, stderr: TextSink): Output {
  const indent = stdout.isTerminal ? 2 : undefined;
  return {
    json: true,
    style: style(false),
    show: (document) => {
      stdout.write(`${JSON.stringify(document, null, indent)}\n`);
      return Promise.resolve();
    },
    list: async (parts) => {
      const end = indent === undefined ? "]" : "\n]";
      let before = "[";
      for await (const part of parts) {
        if (part.length === 0) continue;
        stdout.write(before + JSON.stringify(part, null, indent).slice(1, -end.length));
        before = ",";
      }
      stdout.write(before === "[" ? "[]\n" : `${end}\n`);
    },
    item: (document) => stdout.write(`${JSON.stringify(document)}\n`),
    note: () => {},
    warn: (text) => stderr.write(`warning: ${text}\n`),
    progress: (text) => spinner(stderr, text),
  };
}
