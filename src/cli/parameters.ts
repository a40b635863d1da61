/** Positional parameters that several commands share. */
import type { TypedPositionalParameter } from "@stricli/core";
import { FuncxError } from "../contract/errors.ts";
import type { Invocation } from "./command.ts";

/** `[NAME]`: the name or id of an endpoint of this user, completed by the shell. */
export const OPTIONAL_ENDPOINT: TypedPositionalParameter<string | undefined, Invocation> = {
  placeholder: "NAME",
  brief: "Name or id of an endpoint (default: default)",
  optional: true,
  parse: String,
  proposeCompletions(): readonly string[] {
    return this.endpointNames();
  },
};

/** `NAME`, which has to be given. */
export const ENDPOINT: TypedPositionalParameter<string, Invocation> = {
  placeholder: "NAME",
  brief: "Name or id of an endpoint",
  parse: String,
  proposeCompletions(): readonly string[] {
    return this.endpointNames();
  },
};

/** For flags that take seconds: a number, fractions allowed, not negative. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new FuncxError({ code: "USAGE", message: "expected a number of seconds" });
}

/** For flags that count. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new FuncxError({ code: "USAGE", message: "expected a whole number" });
}

/** A wrong value of a parameter that may have a secret in it: the command line does not repeat it. */
export class UnshownInputError extends FuncxError {}
