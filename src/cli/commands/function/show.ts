import type { FunctionRecord } from "../../../contract/api.ts";
import {
  EnvelopeError,
  functionBuffers,
  readSourceFunction,
  type SourceFunction,
} from "../../../contract/envelope.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { instant } from "../../format.ts";
import { oneLine } from "../../output/style.ts";
import { fields } from "../../output/table.ts";
import { REGISTERED_FUNCTION } from "../../tasks/flags.ts";
import { registeredFunction } from "../../tasks/function_choice.ts";

export const command = defineCommand<Record<never, never>, [nameOrId: string]>({
  parameters: { positional: { kind: "tuple", parameters: [REGISTERED_FUNCTION] } },
  run: async (context, _flags, nameOrId) => {
    const client = await connect(context);
    const record = await client.function(await registeredFunction(client, nameOrId));
    const source = sourceOf(record);
    const container = containerOf(record);
    const document = {
      ...record,
      container,
      entry: source?.name ?? null,
      source: source?.source ?? null,
    };
    await context.output.show(document, () => drawn(record, source, container));
  },
});

/** undefined for code that only Python's dill reads. */
function sourceOf({ function_code }: FunctionRecord): SourceFunction | undefined {
  try {
    return readSourceFunction(function_code);
  } catch (thrown) {
    if (thrown instanceof EnvelopeError) return undefined;
    throw thrown;
  }
}

/** The image that it names. */
function containerOf({ function_code }: FunctionRecord): string | null {
  try {
    return functionBuffers(function_code).image;
  } catch (thrown) {
    if (thrown instanceof EnvelopeError) return null;
    throw thrown;
  }
}

function drawn(
  record: FunctionRecord,
  source: SourceFunction | undefined,
  container: string | null,
): string {
  const head = fields([
    ["function", record.function_name],
    ["id", record.function_uuid],
    ["runtime", record.runtime],
    ...(container === null ? [] : [["container", oneLine(container)] as [string, string]]),
    ["owner", record.owner],
    ["public", record.public ? "yes" : "no"],
    ["registered", instant(record.created_at * 1_000)],
    ["calls", source === undefined ? "serialized code" : source.name],
    ...(record.description === null
      ? []
      : [["description", oneLine(record.description)] as [string, string]]),
  ]);
  return source === undefined ? head : `${head}\n\n${printable(source.source.trimEnd())}`;
}

/** Source may come from somebody else: without what would move the cursor. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}
