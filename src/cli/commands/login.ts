import { hostname } from "node:os";
import { readAuthority } from "../../contract/authority.ts";
import { FuncxError } from "../../contract/errors.ts";
import { Client } from "../../client/client.ts";
import { verifyService } from "../../contract/service_proof.ts";
import { fetchTrusting } from "../../lib/trusting_fetch.ts";
import { defineCommand } from "../command.ts";
import { readLogin, type ServiceAddress, serviceUrl } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { unwrap } from "../failure.ts";
import { findPrivateService } from "../local_service.ts";
import { storeLogin } from "../login_store.ts";
import { promptSecret } from "../secret_prompt.ts";
import { readAll } from "../tasks/input.ts";

interface Flags {
  readonly tokenFile?: string;
  readonly ca?: string;
}

/** Of one-time codes, which no token begins with. */
const CODE_PREFIX = "fxc_";
/** Characters; those of this service have 46. */
const MAX_TOKEN_LENGTH = 10_000;

export const command = defineCommand<Flags, [url?: string]>({
  description:
    "The token is read from --token-file, from standard input, or from a prompt that does " +
    "not show it; never from the command line, which other users of the machine can see. It is " +
    "stored once the service has accepted it. A one-time code, fxc_…, as the portal makes them, " +
    "does as well: it is exchanged for a token. Without URL it is your private service.\n\n" +
    "A service that you logged in to before is chosen again with its stored token. What --ca names " +
    "is kept in login.json, for client commands, endpoints and funcx.py.",
  parameters: {
    flags: {
      tokenFile: {
        kind: "parsed",
        brief: "File with the token alone",
        placeholder: "file",
        parse: String,
        optional: true,
      },
      ca: {
        kind: "parsed",
        brief: "Certificate of the authority that signed the service's, PEM; a copy is kept",
        placeholder: "file",
        parse: String,
        optional: true,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{
        placeholder: "URL",
        brief: "Address of the service, https://HOST or http://HOST:PORT",
        parse: serviceUrl,
        optional: true,
      }],
    },
  },
  run: async (context, { tokenFile, ca: caFile }, named) => {
    const url = named ?? await ownService(context);
    const known = {
      ...readLogin(context.home).services[url],
      ...(caFile === undefined ? {} : { ca: readAuthority(caFile) }),
    };
    warnOfPlainText(context, url);
    // Before the token goes to a port that others could have taken.
    if (known.proof_key !== undefined) {
      unwrap(await verifyService({ url, proof_key: known.proof_key, ca: known.ca }));
    }
    const service = { url, fetch: fetchTrusting(known.ca) };
    const { token, user, scopes } = await chooseToken(context, service, tokenFile, known.token);
    storeLogin(context.home, url, { ...known, token, user });
    await context.output.show(
      { service_url: url, user, scopes },
      () => `Logged in to ${url} as ${user}.`,
    );
  },
});

async function ownService({ home, env }: CliContext): Promise<string> {
  const named = env("FUNCX_SERVICE_URL") ?? "";
  if (named !== "") return serviceUrl(named);
  const service = await findPrivateService(home);
  if (service !== undefined) return service.url;
  throw new FuncxError({
    code: "USAGE",
    message: "no service is named, and your private service does not run",
    hint: "Give its address, or start the private one with `funcx-endpoint service start`.",
  });
}

type AskedService = Pick<ServiceAddress, "url" | "fetch">;

/** A token, and whose it is by the service's word. */
interface CheckedToken {
  readonly token: string;
  readonly user: string;
  readonly scopes: readonly string[];
}

async function chooseToken(
  context: CliContext,
  service: AskedService,
  tokenFile: string | undefined,
  stored: string | undefined,
): Promise<CheckedToken> {
  const given = await givenToken(context, tokenFile);
  if (given !== undefined) return await check(service, given);
  if (stored !== undefined) {
    try {
      return await check(service, stored);
    } catch (thrown) {
      const isRefused = thrown instanceof FuncxError && thrown.code === "INVALID_AUTH_TOKEN";
      if (!isRefused || !context.stdin.isTerminal) throw thrown;
    }
  }
  if (!context.stdin.isTerminal) throw noToken("no token came from standard input");
  const typed = await promptSecret(
    context.stderr,
    `Token or one-time code for ${service.url}: `,
    context.signal,
  );
  return await check(service, parseToken(typed, "the prompt"));
}

/** From the file that is named, or what is piped in. */
async function givenToken(
  { env, stdin }: CliContext,
  tokenFile: string | undefined,
): Promise<string | undefined> {
  const file = tokenFile ?? env("FUNCX_TOKEN_FILE") ?? "";
  if (file !== "") return parseToken(readTokenFile(file), file);
  if (stdin.isTerminal) return undefined;
  const piped = await readAll(stdin, MAX_TOKEN_LENGTH);
  return piped.trim() === "" ? undefined : parseToken(piped, "standard input");
}

/** What was given is a token, or a one-time code that stands for one. */
async function check(service: AskedService, given: string): Promise<CheckedToken> {
  const token = given.startsWith(CODE_PREFIX) ? await exchange(service, given) : given;
  const { user, scopes } = await new Client({ ...service, token }).whoAmI();
  return { token, user, scopes };
}

async function exchange(service: AskedService, code: string): Promise<string> {
  const label = `login on ${hostname()}`;
  // The route is open to all, so no token goes along.
  const made = await new Client({ ...service, token: "" }).call("useCode", {
    body: { code, label },
  });
  return made.token;
}

function readTokenFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be read: ${(thrown as Error).message}`,
      hint: "Put the token alone into that file, with mode 0600.",
    });
  }
}

/** What a header can carry; a file or a paste may have anything in it. */
function parseToken(text: string, origin: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token) && token.length <= MAX_TOKEN_LENGTH) return token;
  throw noToken(token === "" ? `no token came from ${origin}` : `${origin} holds no token`);
}

function noToken(message: string): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message,
    hint: "A token is one word; get one from the service's owner: `service token create`.",
  });
}

function warnOfPlainText({ output }: CliContext, url: string): void {
  const { protocol, hostname } = new URL(url);
  const isLocal = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  if (protocol === "http:" && !isLocal) {
    output.warn(`${url} is not encrypted: everybody on the way can read the token`);
  }
}
