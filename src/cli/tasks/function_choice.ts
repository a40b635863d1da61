/** The function that the user means: by id, by name, or in a file. */
import type { FunctionSummary } from "../../contract/api.ts";
import { functionPython } from "../../contract/client_versions.ts";
import { FuncxError } from "../../contract/errors.ts";
import { type FunctionId, isUuid } from "../../contract/ids.ts";
import type { Client } from "../../client/client.ts";
import type { FunctionSource, Runtime } from "../../client/functions.ts";
import { functionFromSource, parseSourceReference } from "../../client/source_file.ts";
import { MAX_FUNCTION_BYTES } from "../../contract/limits.ts";
import { basename } from "../../lib/path.ts";

export interface ChosenFunction {
  readonly functionId: FunctionId;
  readonly name: string;
  readonly runtime: string;
  /** The Python that it was registered in; undefined for source, which every Python reads. */
  readonly python?: string;
}

/**
 * A file is registered, unless the very same function is there already. Throws
 * `FUNCTION_NOT_FOUND`, and `INPUT_INVALID` for a file without a function.
 */
export async function chooseFunction(client: Client, reference: string): Promise<ChosenFunction> {
  const id = reference.toLowerCase();
  if (isUuid(id)) return chosen(await client.function(id));
  const source = readFunctionFile(reference, {});
  return source === undefined
    ? chosen(await functionByName(client, reference))
    : await registerOnce(client, source);
}

/** Id or name of a registered function as its record. */
export async function registeredFunction(client: Client, nameOrId: string): Promise<FunctionId> {
  const id = nameOrId.toLowerCase();
  return isUuid(id) ? id : (await functionByName(client, nameOrId)).function_uuid;
}

/**
 * The function in a file, `path` or `path:name`; undefined when the reference does not look like a
 * file and none is there.
 */
export function readFunctionFile(
  reference: string,
  options: { readonly runtime?: Runtime; readonly name?: string },
): FunctionSource | undefined {
  const parsed = parseSourceReference(reference);
  if (parsed === undefined && options.runtime === undefined) {
    if (isFile(reference)) throw unknownKind(reference);
    return undefined;
  }
  const path = parsed?.path ?? reference;
  return functionFromSource({
    text: readSource(path),
    runtime: options.runtime ?? parsed!.runtime,
    origin: path,
    entry: parsed?.entry,
    name: options.name,
    fallbackName: basename(path).replace(/\.\w+$/, ""),
  });
}

/**
 * The user's own newest one. Public ones of others need their id: else anybody could have his code run
 * by registering it under a name that somebody may type.
 */
async function functionByName(client: Client, name: string): Promise<FunctionSummary> {
  const { user } = await client.whoAmI();
  const others: string[] = [];
  for await (const found of client.functions({ name })) {
    if (found.owner === user) return found;
    if (others.push(`${found.function_uuid} (${found.owner})`) === SHOWN) break;
  }
  if (others.length > 0) {
    throw new FuncxError({
      code: "FUNCTION_NOT_FOUND",
      message: `none of your functions is called "${name}", but those of others are`,
      hint: `Give the id of one that you trust: ${others.join(", ")}.`,
    });
  }
  throw new FuncxError({
    code: "FUNCTION_NOT_FOUND",
    message: `there is neither a file nor a function "${name}"`,
    hint: "See `funcx-endpoint function list`; files end in .ts, .js, .py or .sh.",
  });
}

/** Functions of others that are named in an error. */
const SHOWN = 5;
/** Registrations that are compared with a file; an older one is registered again. */
const COMPARED = 100;

/** Marks a registration with what its code is, so that running a file again finds it. */
const DIGEST = "source_sha256";

async function registerOnce(client: Client, source: FunctionSource): Promise<ChosenFunction> {
  const { name, runtime, code } = source;
  const digest = await sha256(code);
  const { items } = await client.call("listFunctions", { query: { name, limit: COMPARED } });
  for (const found of items) {
    if (found.metadata?.[DIGEST] !== digest) continue;
    // Anybody can write a digest into his own metadata.
    const { function_code } = await client.function(found.function_uuid);
    if (function_code === code) return chosen(found);
  }
  const { functionId } = await client.register(source, { metadata: { [DIGEST]: digest } });
  return { functionId, name, runtime };
}

function chosen(
  { function_uuid, function_name, runtime, metadata }: FunctionSummary,
): ChosenFunction {
  const python = functionPython(metadata);
  return { functionId: function_uuid, name: function_name, runtime, python };
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

function readSource(path: string): string {
  try {
    const { size } = Deno.statSync(path);
    if (size <= MAX_FUNCTION_BYTES) return Deno.readTextFileSync(path);
    throw new FuncxError({
      code: "FUNCTION_TOO_LARGE",
      message: `${path} has ${size} bytes, at most ${MAX_FUNCTION_BYTES} are taken`,
      hint: "Pass data as arguments, or keep it in a file at the endpoint.",
    });
  } catch (thrown) {
    if (thrown instanceof FuncxError) throw thrown;
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be read: ${(thrown as Error).message}`,
      hint: "Check the path and its permissions.",
    });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function unknownKind(path: string): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message: `${path} is a file, but not one whose kind is known by its name`,
    hint: "Name it .ts, .js, .py or .sh, or register it with `function register --runtime`.",
  });
}
