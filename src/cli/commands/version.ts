import { PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { programForm } from "../../lib/program.ts";
import { VERSION } from "../../lib/version.ts";
import { defineCommand } from "../command.ts";
import { fields } from "../output/table.ts";

export const command = defineCommand<Record<never, never>>({
  parameters: {},
  run: async ({ output }) => {
    const version = {
      version: VERSION,
      form: programForm(),
      protocol_version: PROTOCOL_VERSION,
      deno_version: Deno.version.deno,
      v8_version: Deno.version.v8,
      platform: `${Deno.build.os} ${Deno.build.arch}`,
    };
    await output.show(version, () =>
      fields([
        ["funcx-endpoint", `${version.version} (${version.form})`],
        ["protocol", String(version.protocol_version)],
        ["deno", version.deno_version],
        ["v8", version.v8_version],
        ["platform", version.platform],
      ]));
  },
});
