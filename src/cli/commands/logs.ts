import { FuncxError } from "../../contract/errors.ts";
import { jobIdOf } from "../../endpoint/blocks/block.ts";
import { blockFilePath, readBlocks } from "../../endpoint/blocks/block_file.ts";
import { OUTPUT_FILE } from "../../endpoint/providers/submit_script.ts";
import { join } from "../../lib/path.ts";
import { defineCommand } from "../command.ts";
import { endpointDir } from "../daemon/endpoint_daemon.ts";
import { existingEndpoint } from "../endpoints.ts";
import { LOG_FLAGS, type LogFlags, showLog } from "../log_view/show_log.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";

interface Flags extends LogFlags {
  readonly block?: string;
}

export const command = defineCommand<Flags, [name?: string]>({
  description:
    "--block shows what a block's job has printed; its manager's own log is in the block's\n" +
    "folder, which `status --json` names.",
  parameters: {
    flags: {
      ...LOG_FLAGS,
      block: {
        kind: "parsed",
        brief: "The output of a block instead, by its id or its job's",
        placeholder: "id",
        parse: String,
        optional: true,
      },
    },
    aliases: { f: "follow", n: "lines" },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async (context, { block, ...flags }, nameOrId) => {
    const name = existingEndpoint(context.home, nameOrId);
    const { logFile, stateDir } = await endpointDir(context, name);
    if (block === undefined) return await showLog(context, logFile, flags);
    await showLog(context, outputOf(stateDir, name, block), flags, {
      what: "output",
      hint: "A block has some when its job has begun.",
    });
  },
});

/** Throws `INPUT_INVALID` when there is no such block. */
function outputOf(stateDir: string, name: string, id: string): string {
  const block = readBlocks(blockFilePath(stateDir))
    .find((each) => each.blockId === id || jobIdOf(each) === id);
  if (block !== undefined) return join(block.folder, OUTPUT_FILE);
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `${name} has no block ${id}, or has forgotten it`,
    hint: `See \`funcx-endpoint status ${name}\`.`,
  });
}
