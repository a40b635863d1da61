/** How a service gives out results over AMQP, as flags of `service start` and `service run`. */
import { FuncxError } from "../contract/errors.ts";
import { resolve } from "../lib/path.ts";
import { type Address, hostAndPort, parseAddress } from "./address.ts";
import { UnshownInputError } from "./parameters.ts";

/** As the user gives them. */
export interface AmqpFlags {
  readonly amqpListen?: Address;
  readonly amqpPublicAddress?: string;
  readonly amqp?: string;
  readonly amqpLogin?: string;
  readonly amqpManagement?: string;
  readonly amqpCa?: string;
}

/** `HOST`, `HOST:PORT`, or the same with an `[IPv6]`. Throws `USAGE`. */
function parsePublicAddress(text: string): string {
  const parts = hostAndPort(text);
  const isNamed = parts !== undefined && parts.hostname !== "" && !/^\d+$/.test(text);
  if (isNamed && parts.port !== 0) return text;
  throw new FuncxError({
    code: "USAGE",
    message: "this is not HOST or HOST:PORT",
    hint: "Write what clients dial, such as hpc.example.org:5671 or [2001:db8::1]:5671.",
  });
}

/** Before it goes to the daemon's command line, which all on the machine can see. */
function parseUrlWithoutLogin(schemes: RegExp, example: string): (text: string) => string {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isUrl = url !== undefined && schemes.test(url.protocol) && url.hostname !== "";
    if (isUrl && url.username === "" && url.password === "") return text;
    throw new UnshownInputError({
      code: "USAGE",
      message: isUrl ? "the URL has a login in it" : "this is no such URL",
      hint: `Write ${example}, and the login into a file of mode 0600 for --amqp-login.`,
    });
  };
}

/** Some would give the login itself: that must not get onto the daemon's command line either. */
function parseLoginFile(text: string): string {
  const path = resolve(text);
  try {
    if (Deno.statSync(path).isFile) return path;
  } catch {
    // Told below, without what was given.
  }
  throw new UnshownInputError({
    code: "USAGE",
    message: "there is no such file",
    hint: "Write USER:PASSWORD into a file of mode 0600, and give its path.",
  });
}

export const AMQP_FLAGS = {
  amqpListen: {
    kind: "parsed",
    brief: "Where AMQP listens, for results of the official SDK (default: a free port)",
    placeholder: "host:port",
    parse: parseAddress,
    optional: true,
  },
  amqpPublicAddress: {
    kind: "parsed",
    brief: "Address by which clients reach that, when it is another",
    placeholder: "host:port",
    parse: parsePublicAddress,
    optional: true,
  },
  amqp: {
    kind: "parsed",
    brief: "A RabbitMQ in place of that: amqps://HOST[:PORT][/VHOST], without a login",
    placeholder: "url",
    parse: parseUrlWithoutLogin(/^amqps?:$/, "amqps://HOST[:PORT][/VHOST]"),
    optional: true,
  },
  amqpLogin: {
    kind: "parsed",
    brief: "File of mode 0600 with USER:PASSWORD of a RabbitMQ administrator",
    placeholder: "file",
    parse: parseLoginFile,
    optional: true,
  },
  amqpManagement: {
    kind: "parsed",
    brief: "RabbitMQ's management interface (default: port 15671 of the same host)",
    placeholder: "url",
    parse: parseUrlWithoutLogin(/^https?:$/, "https://HOST:15671"),
    optional: true,
  },
  amqpCa: {
    kind: "parsed",
    brief: "Authority that has signed RabbitMQ's certificate, PEM",
    placeholder: "file",
    parse: (path: string): string => resolve(path),
    optional: true,
  },
} as const;
