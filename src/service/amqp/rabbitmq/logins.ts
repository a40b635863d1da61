/** RabbitMQ users that the service makes for others. */
import type { ServiceId } from "../../../contract/ids.ts";
import { type AgentQueues, type ConnectionGrant, EXCHANGE, type Reader } from "../broker.ts";
import { Management } from "./management.ts";
import { type RabbitAddress, urlFor } from "./rabbit_address.ts";

/** Milliseconds that a reader's login lives on with no connection open. */
const UNUSED_LIFETIME = 24 * 60 * 60 * 1_000;
/** Logins of one user without a connection; the oldest go first. */
const MAX_UNUSED = 32;
/** Matches no name: the form that RabbitMQ documents for "nothing". */
const NOTHING = "^$";

/** A login of a reader: `funcx-reader.SERVICE.OWNER.TOKEN.MADE.RANDOM`, whose parts have no dots. */
export interface ReaderLogin {
  readonly name: string;
  /** Stands for the user, see `queue_names.ts`. */
  readonly owner: string;
  readonly tokenId: string;
  /** Milliseconds since 1970. */
  readonly made: number;
}

export class Logins {
  readonly #address: RabbitAddress;
  readonly #management: Management;
  /** What the names of this service's readers begin with: others may use the same RabbitMQ. */
  readonly #prefix: string;

  constructor(address: RabbitAddress, serviceId: ServiceId) {
    this.#address = address;
    this.#prefix = `funcx-reader.${serviceId}.`;
    this.#management = new Management(address);
  }

  /**
   * A login of its own for each call: programs of one user run side by side, and one that asks must
   * not end the others' reconnecting. Throws SERVICE_BUSY.
   */
  async forReader({ queuePrefix, token }: Reader): Promise<ConnectionGrant> {
    const owner = queuePrefix.replace(/\.$/, "");
    await this.#removeUnused(owner);
    const random = crypto.randomUUID().slice(0, 8);
    const name = `${this.#prefix}${owner}.${token.id}.${Date.now()}.${random}`;
    const password = newPassword();
    await this.#management.putUser(name, password);
    await this.#management.permit(name, {
      configure: NOTHING,
      write: NOTHING,
      read: `^${literal(queuePrefix)}`,
    });
    return { url: urlFor(this.#address, name, password) };
  }

  /** Logins of all readers. Throws SERVICE_BUSY. */
  async readers(): Promise<readonly ReaderLogin[]> {
    const names = await this.#management.userNames();
    return names.filter((name) => name.startsWith(this.#prefix)).map((name) => {
      const [owner = "", tokenId = "", made] = name.slice(this.#prefix.length).split(".");
      return { name, owner, tokenId, made: Number(made) };
    });
  }

  /** Ends a login with its connections. Throws SERVICE_BUSY. */
  async end(name: string): Promise<void> {
    await this.#management.removeUser(name);
  }

  /** Ends the login before, with its connections. Throws SERVICE_BUSY. */
  async forAgent(agentId: string, queues: AgentQueues): Promise<ConnectionGrant> {
    const name = agentName(agentId);
    const password = newPassword();
    await this.#management.removeUser(name);
    await this.#management.putUser(name, password);
    await this.#management.permitTopics(name, {
      exchange: EXCHANGE,
      write: oneOf(queues.writes),
      read: NOTHING,
    });
    await this.#management.permit(name, {
      configure: NOTHING,
      write: `^${literal(EXCHANGE)}$`,
      read: oneOf(queues.reads),
    });
    return { url: urlFor(this.#address, name, password) };
  }

  /** Throws SERVICE_BUSY. */
  async removeAgent(agentId: string): Promise<void> {
    await this.#management.removeUser(agentName(agentId));
  }

  close(): void {
    this.#management.close();
  }

  async #removeUnused(owner: string): Promise<void> {
    const all = (await this.readers()).filter((login) => login.owner === owner);
    if (all.length === 0) return;
    const connected = await this.#management.connectedUsers();
    const unused = all.filter(({ name }) => !connected.has(name)).sort((a, b) => a.made - b.made);
    const tooOld = Date.now() - UNUSED_LIFETIME;
    const tooMany = unused.length - (MAX_UNUSED - 1);
    for (const [index, { name, made }] of unused.entries()) {
      if (index < tooMany || made < tooOld) await this.end(name);
    }
  }
}

function agentName(agentId: string): string {
  return `funcx-agent.${agentId}`;
}

function newPassword(): string {
  return crypto.getRandomValues(new Uint8Array(24)).toHex();
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? NOTHING : `^(${names.map(literal).join("|")})$`;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
