/** RabbitMQ's management HTTP API, as far as logins for others take it. */
import { FuncxError } from "../../../contract/errors.ts";
import { messageOf } from "../../../lib/outcome.ts";
import type { RabbitAddress } from "./rabbit_address.ts";

/** Milliseconds for one request. */
const TIMEOUT = 10_000;

/** Regular expressions of what a user may do in the virtual host. */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export class Management {
  readonly #base: string;
  readonly #vhost: string;
  readonly #authorization: string;
  readonly #client: Deno.HttpClient;

  constructor({ managementUrl, user, password, vhost, ca }: RabbitAddress) {
    this.#base = `${managementUrl}/api`;
    this.#vhost = encodeURIComponent(vhost);
    this.#authorization = `Basic ${base64(`${user}:${password}`)}`;
    this.#client = Deno.createHttpClient({ caCerts: ca === undefined ? [] : [ca] });
  }

  /** Makes the user, or gives it this password. */
  async putUser(name: string, password: string): Promise<void> {
    await this.#send("PUT", `users/${name}`, { password, tags: "" });
  }

  /** Ends the user and its connections; one that there is not is no failure. */
  async removeUser(name: string): Promise<void> {
    await this.#send("DELETE", `users/${name}`, undefined, [404]);
  }

  async permit(name: string, permissions: Permissions): Promise<void> {
    await this.#send("PUT", `permissions/${this.#vhost}/${name}`, permissions);
  }

  /** Which routing keys it may write to, and read from, at a topic exchange. */
  async permitTopics(
    name: string,
    topics: { readonly exchange: string; readonly write: string; readonly read: string },
  ): Promise<void> {
    await this.#send("PUT", `topic-permissions/${this.#vhost}/${name}`, topics);
  }

  async userNames(): Promise<string[]> {
    return names(await this.#send("GET", "users?columns=name"), "name");
  }

  /** Users with an open connection. */
  async connectedUsers(): Promise<Set<string>> {
    return new Set(names(await this.#send("GET", "connections?columns=user"), "user"));
  }

  close(): void {
    this.#client.close();
  }

  async #send(
    method: string,
    path: string,
    body?: unknown,
    alsoFine: readonly number[] = [],
  ): Promise<unknown> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`${this.#base}/${path}`, {
        client: this.#client,
        method,
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT),
        headers: { authorization: this.#authorization, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await answer.text();
    } catch (thrown) {
      throw unavailable(`RabbitMQ's management does not answer: ${messageOf(thrown)}`);
    }
    if (answer.ok) return text === "" ? undefined : JSON.parse(text);
    if (alsoFine.includes(answer.status)) return undefined;
    throw unavailable(`RabbitMQ's management answered ${answer.status} to ${method}`);
  }
}

function unavailable(message: string): FuncxError {
  return new FuncxError({
    code: "SERVICE_BUSY",
    message,
    hint: "Who runs the service finds the address in `service status`; its login in RabbitMQ has " +
      "to be an administrator's, and the plugin rabbitmq_management enabled.",
  });
}

function names(rows: unknown, key: string): string[] {
  if (!Array.isArray(rows)) return [];
  return rows.map((row: Readonly<Record<string, unknown>>) => String(row[key]));
}

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}
