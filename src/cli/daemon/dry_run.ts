/** `start --dry-run`: what would be submitted for a block, and nothing is started. */
import { blockRequest } from "../../endpoint/providers/block_request.ts";
import { makeProvider } from "../../endpoint/providers/providers.ts";
import type { ResolvedProfile } from "../../profile/schema.ts";
import type { CliContext } from "../context.ts";

/** Stands for the id that a block gets when there is one. */
const BLOCK_ID = "BLOCK";

export async function showDryRun({ output }: CliContext, profile: ResolvedProfile): Promise<void> {
  const { name, executor: { provider } } = profile;
  const script = submitScript(profile);
  await output.show(
    { name, provider: provider.type, script },
    () =>
      script === null
        ? `${name} runs its workers on this machine; nothing is submitted.`
        : script.trimEnd(),
  );
}

/** Null where workers run on this machine. */
function submitScript({ name, stateDir, executor: { provider } }: ResolvedProfile): string | null {
  if (provider.type === "local") return null;
  const request = blockRequest({ name, stateDir, blockId: BLOCK_ID, provider });
  return makeProvider(provider).script(request);
}
