import { type Scope, SCOPES } from "../../../contract/api.ts";
import { defineCommand } from "../../command.ts";
import { connectToPrivateService } from "../../private_client.ts";
import { parseSeconds } from "../../parameters.ts";

interface Flags {
  readonly label?: string;
  readonly scope?: readonly Scope[];
  readonly lifetime?: number;
  readonly user?: string;
}

export const command = defineCommand<Flags>({
  description: "The token is shown this once; the service keeps only its hash. Scopes are\n" +
    "  all       everything that its user may (the default)\n" +
    "  read      list and show\n" +
    "  run       register and run functions\n" +
    "  manage    endpoints and tokens\n" +
    "  endpoint  serve an endpoint",
  parameters: {
    flags: {
      label: {
        kind: "parsed",
        brief: "What it is for",
        placeholder: "text",
        parse: String,
        optional: true,
      },
      scope: {
        kind: "enum",
        brief: "What it may do; may be given more than once",
        values: SCOPES,
        variadic: ",",
        optional: true,
      },
      lifetime: {
        kind: "parsed",
        brief: "End it after so many seconds (default: never)",
        placeholder: "seconds",
        parse: parseSeconds,
        optional: true,
      },
      user: {
        kind: "parsed",
        brief: "Whose it is (default: yours)",
        placeholder: "name",
        parse: String,
        optional: true,
      },
    },
  },
  run: async (context, { label, scope, lifetime, user }) => {
    const client = await connectToPrivateService(context);
    const created = await client.call("createToken", {
      body: {
        label: label ?? null,
        ...(scope === undefined || scope.length === 0 ? {} : { scopes: [...scope] }),
        lifetime_seconds: lifetime === undefined ? null : Math.max(1, Math.round(lifetime)),
        user: user ?? null,
      },
    });
    await context.output.show(created, () => created.token);
  },
});
