import { hostname, userInfo } from "node:os";
import { Client } from "../../client/client.ts";
import { SIGN_IN_FRAGMENT } from "../../contract/api.ts";
import { openInBrowser } from "../browser.ts";
import { defineCommand } from "../command.ts";
import { chosenService, serviceAt, serviceUrl } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { instant } from "../format.ts";

interface Flags {
  readonly service?: string;
  readonly browser: boolean;
}

export const command = defineCommand<Flags>({
  description: "Prints a link that signs a browser in to the service's web portal, and opens it " +
    "where there is a display. The link works once, and for ten minutes; whoever opens it first " +
    "is you to the service, so it is not for others. What signs in follows the `#`, which browsers " +
    "never send to a server or a proxy.",
  parameters: {
    flags: {
      service: {
        kind: "parsed",
        brief: "Address of the service (default: the one of `login`, or your private one)",
        placeholder: "URL",
        parse: serviceUrl,
        optional: true,
      },
      browser: {
        kind: "boolean",
        brief: "Open the link, where there is a display",
        default: true,
      },
    },
  },
  run: async (context, { service, browser }) => {
    const address = service === undefined
      ? await chosenService(context)
      : await serviceAt(context, service);
    const { url } = address;
    const client = new Client(address);
    const { code, expires_at } = await client.call("createCode", { body: { purpose: "session" } });
    const link = `${url}/sign-in#${SIGN_IN_FRAGMENT}${code}`;
    const tunnel = tunnelTo(context, url);
    const isOpened = browser && !context.output.json && openInBrowser(context, link);
    await context.output.show(
      { url, link, expires_at, ...(tunnel === undefined ? {} : { tunnel }) },
      () => described({ link, isOpened, expires: instant(expires_at * 1_000), tunnel }),
    );
  },
});

interface Told {
  readonly link: string;
  readonly isOpened: boolean;
  readonly expires: string;
  readonly tunnel: string | undefined;
}

function described({ link, isOpened, expires, tunnel }: Told): string {
  return [
    isOpened ? "A browser was asked to open the portal. The link, for another one:" : "Open:",
    `  ${link}`,
    `It works once, until ${expires}.`,
    ...(tunnel === undefined ? [] : [
      "A browser on your own machine reaches this one while this runs there:",
      `  ${tunnel}`,
    ]),
  ].join("\n");
}

/** For somebody who came by SSH to where the service listens on loopback alone. */
function tunnelTo({ env }: CliContext, serviceAddress: string): string | undefined {
  const url = new URL(serviceAddress);
  const isLoopback = url.hostname === "localhost" || url.hostname.startsWith("127.");
  if ((env("SSH_CONNECTION") ?? "") === "" || !isLoopback) return undefined;
  const port = url.port === "" ? "80" : url.port;
  return `ssh -L ${port}:127.0.0.1:${port} ${userName(env)}${hostname()}`;
}

function userName(env: CliContext["env"]): string {
  try {
    return `${userInfo().username}@`;
  } catch {
    // Some containers have users without a name.
    const name = env("USER") ?? "";
    return name === "" ? "" : `${name}@`;
  }
}
