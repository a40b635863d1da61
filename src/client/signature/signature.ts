/**
 * What a function takes, read from its source without running it, as JSON Schema from which forms are
 * made. It is a help for people: where the source says it in a way that is not understood here, there
 * is less of it or none, and the function runs all the same.
 */
import {
  functionBuffers,
  HEADERS,
  readBuffer,
  readSourceFunction,
} from "../../contract/envelope.ts";
import type { FunctionSource } from "../functions.ts";
import { pythonParameters } from "./python_parameters.ts";
import { shellParameters } from "./shell_parameters.ts";
import { typescriptParameters } from "./typescript_parameters.ts";

export interface ParameterSchema {
  /** Left out where any JSON may do. */
  readonly type?: "number" | "integer" | "string" | "boolean" | "array" | "object" | "null";
  readonly enum?: readonly unknown[];
  readonly items?: ParameterSchema;
  readonly default?: unknown;
  /** What the schema cannot say, such as a type or a default value, in the words of the source. */
  readonly description?: string;
}

/** One parameter of a function. */
export interface Parameter {
  readonly name: string;
  /** `positional`: also by name where the language can. `rest`: any number. `rest_named`: any name. */
  readonly kind: "positional" | "named" | "rest" | "rest_named";
  readonly required: boolean;
  readonly schema: ParameterSchema;
}

/** Sent as `parameters` when a function is registered; a type, since an interface is not any object. */
export type Signature = {
  readonly type: "object";
  readonly properties: Readonly<Record<string, ParameterSchema>>;
  readonly required: readonly string[];
  /** Those that are given by position, in this order; all others are given by name. */
  readonly "x-order": readonly string[];
  /** Takes any number of further positional arguments; its name. */
  readonly "x-varargs"?: string;
  /** Takes arguments of any other name; its name. */
  readonly "x-kwargs"?: string;
};

/** More of them are left alone. */
const MAX_PARAMETERS = 100;

/** The signature of what is called in the source; undefined where it cannot be read. */
export function signatureOf(source: FunctionSource): Signature | undefined {
  const parameters = parametersOf(source.code);
  if (parameters === undefined || parameters.length > MAX_PARAMETERS) return undefined;
  return signatureFrom(parameters);
}

function parametersOf(code: string): Parameter[] | undefined {
  const { header } = readBuffer(functionBuffers(code).code);
  switch (header) {
    case HEADERS.shellTemplate:
      return shellParameters(readSourceFunction(code).source);
    case HEADERS.pythonSource: {
      const { name, source } = readSourceFunction(code);
      return pythonParameters(source, name);
    }
    case HEADERS.typescriptSource: {
      const { name, source } = readSourceFunction(code);
      return typescriptParameters(source, name);
    }
    default:
      return undefined;
  }
}

function signatureFrom(parameters: readonly Parameter[]): Signature {
  const named = parameters.filter(({ kind }) => kind === "positional" || kind === "named");
  const names = (kept: readonly Parameter[]): string[] => kept.map(({ name }) => name);
  const rest = parameters.find(({ kind }) => kind === "rest");
  const restNamed = parameters.find(({ kind }) => kind === "rest_named");
  return {
    type: "object",
    properties: Object.fromEntries(named.map(({ name, schema }) => [name, schema])),
    required: names(named.filter(({ required }) => required)),
    "x-order": names(named.filter(({ kind }) => kind === "positional")),
    ...(rest === undefined ? {} : { "x-varargs": rest.name }),
    ...(restNamed === undefined ? {} : { "x-kwargs": restNamed.name }),
  };
}
