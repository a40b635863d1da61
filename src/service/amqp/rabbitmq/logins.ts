/** RabbitMQ users that the service makes for others. */
import { type AgentQueues, type ConnectionGrant, EXCHANGE, type Reader } from "../broker.ts";

import { Management } from "./management.ts";
import { type RabbitAddress, urlFor } from "./rabbit_address.ts";

/** Milliseconds that a reader's login lives on with no connection open. */
const UNUSED_LIFETIME = 24 * 60 * 60 * 1_000;
/** Logins of one user without a connection; the oldest go first. */
const MAX_UNUSED = 32;
/** Matches no name: the form that RabbitMQ documents for "nothing". */
const NOTHING = "^$";

export class Logins {
  readonly #address: RabbitAddress;
  readonly #management: Management;

  constructor(address: RabbitAddress) {
    this.#address = address;
    this.#management = new Management(address);
  }

  /**
   * A login of its own for each call: programs of one user run side by side, and one that asks must
   * not end the others' reconnecting. Throws SERVICE_BUSY.
   */
  async forReader({ queuePrefix }: Pick<Reader, "queuePrefix">): Promise<ConnectionGrant> {
    const owner = queuePrefix.replace(/\.$/, "");
    await this.#removeUnused(owner);
    const made = Date.now().toString().padStart(14, "0");
    const name = `funcx-reader.${owner}.${made}.${crypto.randomUUID().slice(0, 8)}`;
    const password = newPassword();
    await this.#management.putUser(name, password);
    await this.#management.permit(name, {
      configure: NOTHING,
      write: NOTHING,
      read: `^${literal(queuePrefix)}`,
    });
    return { url: urlFor(this.#address, name, password) };
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
    const prefix = `funcx-reader.${owner}.`;
    const all = (await this.#management.userNames()).filter((name) => name.startsWith(prefix));
    if (all.length === 0) return;
    const connected = await this.#management.connectedUsers();
    // Sorted by age, since the time stands first in what is left of the name.
    const unused = all.filter((name) => !connected.has(name)).sort();
    const tooOld = Date.now() - UNUSED_LIFETIME;
    const tooMany = unused.length - (MAX_UNUSED - 1);
    for (const [index, name] of unused.entries()) {
      const made = Number(name.slice(prefix.length).split(".")[0]);
      if (index < tooMany || made < tooOld) await this.#management.removeUser(name);
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
