/** The name of a function of which only the id is known; asked for once. */
import type { ComponentChildren } from "preact";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { failureOf, tellsOfNoFunction } from "../widgets/failure.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { shortId } from "../widgets/units.ts";

const names = new Map<string, Promise<string>>();
/** Names that are remembered. */
const MAX_NAMES = 500;

/** A function that is somebody else's has no name here. */
export function FunctionName({ functionId }: { readonly functionId: string }): ComponentChildren {
  const loaded = useLoaded(functionId, () => nameOf(functionId)).state.value;
  const name = loaded.kind === "ready" ? loaded.value : unnamed(functionId);
  return <a class="cut" dir="auto" href={`/functions/${functionId}`} title={functionId}>{name}</a>;
}

function nameOf(functionId: string): Promise<string> {
  const known = names.get(functionId);
  if (known !== undefined) return known;
  if (names.size >= MAX_NAMES) names.clear();
  const asked = client.function(functionId).then((found) => found.function_name, (thrown) => {
    if (tellsOfNoFunction(failureOf(thrown))) return unnamed(functionId);
    // The next one asks again.
    names.delete(functionId);
    throw thrown;
  });
  names.set(functionId, asked);
  return asked;
}

function unnamed(functionId: string): string {
  return english.endpoint.machine.unknownFunction(shortId(functionId));
}
