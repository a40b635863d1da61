/** Tells of a function that its endpoint's Python cannot run, before its tasks are submitted. */
import type { EndpointRecord } from "../../contract/api.ts";
import { EnvelopeError, functionBuffers, readBuffer } from "../../contract/envelope.ts";
import { bytecodeDiffers, endpointPython, minorVersion } from "../../contract/python_version.ts";
import type { Client } from "../../client/client.ts";
import type { CliContext } from "../context.ts";
import { oneLine } from "../output/style.ts";
import type { ChosenFunction } from "./function_choice.ts";

/** Of the official SDK, pickles of the function itself; its other forms have the source with them. */
const PICKLES: readonly string[] = ["01", "02"];
/** Part of every pickle that holds the bytecode of a function. */
const BYTECODE = "_create_code";

/** It is a warning: in a container, or on another node of a cluster, may be another Python yet. */
export async function warnOfOtherPython(
  { output }: CliContext,
  client: Client,
  { functionId, python }: ChosenFunction,
  endpoint: EndpointRecord,
): Promise<void> {
  const theirs = endpointPython(endpoint);
  if (python === undefined || theirs === undefined || !bytecodeDiffers(python, theirs)) return;
  if (!isBytecode((await client.function(functionId)).function_code)) return;
  output.warn(
    `the function was serialized by Python ${python} as its bytecode, and endpoint ` +
      `${
        oneLine(endpoint.name)
      } has Python ${theirs}, which cannot run it: it would fail, or crash its ` +
      `worker. Register it with Python ${minorVersion(theirs)} or as source ` +
      "(PureSourceTextInspect of the SDK), or use an endpoint, or name an interpreter in this " +
      `one's profile, with Python ${minorVersion(python)}`,
  );
}

/** What cannot be read is for the worker to tell of. */
function isBytecode(code: string): boolean {
  try {
    const { header, body } = readBuffer(functionBuffers(code).code);
    return PICKLES.includes(header) && atob(body.trim()).includes(BYTECODE);
  } catch (thrown) {
    if (thrown instanceof EnvelopeError || thrown instanceof DOMException) return false;
    throw thrown;
  }
}
