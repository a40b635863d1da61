/** Requests and settings for tests of providers. */
import { assertTrue } from "../../../lib/assert.ts";
import { checkProfile } from "../../../profile/problems.ts";
import { resolveProvider } from "../../../profile/provider_defaults.ts";
import type { BlockProvider } from "../../../profile/resolved_provider.ts";
import type { BlockRequest } from "../provider.ts";

export const REQUEST: BlockRequest = {
  blockId: "4be5f5d0-6a3e-4f1b-9d4e-1c2b3a495867",
  name: "funcx-default-1",
  folder: "/home/ada/.funcx/default/blocks/1",
  nodes: 1,
  manager: ["/home/ada/bin/funcx-endpoint", "manager", "--token-file", "/home/ada/token"],
  files: ["/home/ada/token"],
};

/** What a profile that says this comes to. */
export function settingsOf<T extends BlockProvider["type"]>(
  provider: { readonly type: T } & Readonly<Record<string, unknown>>,
): Extract<BlockProvider, { type: T }> {
  const checked = checkProfile({ executor: { provider } }, "");
  assertTrue("profile" in checked, JSON.stringify(checked));
  const resolved = resolveProvider(checked.profile.executor!.provider!);
  return resolved as Extract<BlockProvider, { type: T }>;
}
