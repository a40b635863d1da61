/** The broker that is part of the service: queues in memory, and a port where peers read them. */
import { MAX_AMQP_CONNECTIONS_PER_USER } from "../../../contract/limits.ts";
import type { TaskGroupId, UserId } from "../../../contract/ids.ts";
import { newId } from "../../../contract/ids.ts";
import type { OpenUses } from "../../auth/open_uses.ts";
import type { TlsFiles } from "../../options.ts";
import type { Store } from "../../store/store.ts";
import type {
  AgentQueues,
  Broker,
  BrokerMessage,
  ConnectionGrant,
  Reader,
  Subscription,
} from "../broker.ts";
import { queuePrefix } from "../queue_names.ts";
import { AmqpListener } from "./listener.ts";
import { type Delivery, MessageQueue, type QueueReader } from "./message_queue.ts";
import { type Account, Passwords } from "./passwords.ts";
import { AmqpError } from "./replies.ts";
import type { Host, Session } from "./session.ts";

/** A password that was given out begins no connection after this, milliseconds. */
const PASSWORD_LIFETIME = 60 * 60 * 1_000;

export interface BuiltInBrokerParts {
  readonly store: Pick<Store, "serviceId" | "tokens" | "agentGrants">;
  readonly uses: Pick<OpenUses, "watch">;
  /** Hexadecimal. */
  readonly proofKey: string;
  readonly now: () => number;
  readonly listen: { readonly hostname: string; readonly port: number; readonly tls?: TlsFiles };
  /** URL without a login by which peers reach it, given its own port. */
  readonly address: (port: number) => string;
  /** Begins the queue of a task group, if the user has it. */
  readonly openGroup: (user: UserId, taskGroupId: TaskGroupId) => Promise<boolean>;
}

export class BuiltInBroker implements Broker {
  readonly #parts: BuiltInBrokerParts;
  readonly #passwords: Passwords;
  readonly #queues = new Map<string, MessageQueue>();
  /** Names of those that are there whether somebody uses them or not. */
  readonly #declared = new Set<string>();
  readonly #connections = new Map<string, number>();
  readonly #agents = new Map<string, Set<(reason: string) => void>>();
  readonly #listener: AmqpListener;

  /** Throws the system's own error when its port is not to be had. */
  constructor(parts: BuiltInBrokerParts) {
    this.#parts = parts;
    this.#passwords = new Passwords(parts.proofKey);
    const host: Host = {
      authenticate: (user, password) => this.#authenticate(user, password),
      admit: (session) => this.#admit(session),
      queue: (name) => this.#queues.get(name),
    };
    this.#listener = new AmqpListener(host, parts.listen);
  }

  get port(): number {
    return this.#listener.port;
  }

  /** How many queues it knows. */
  get size(): number {
    return this.#queues.size;
  }

  /** Lets peers in, which may look for their queues at once. */
  serve(): void {
    this.#listener.serve();
  }

  wanted(queue: string, signal: AbortSignal): Promise<void> {
    return this.#queue(queue).wanted(signal);
  }

  publish(queue: string, message: BrokerMessage): Promise<void> {
    return this.#queue(queue).publish(message);
  }

  read(queue: string, take: (message: BrokerMessage) => Promise<void>): Promise<Subscription> {
    const read = this.#queue(queue);
    let current: Delivery | undefined;
    const reader: QueueReader = {
      exclusive: false,
      canTake: () => current === undefined,
      take: (delivery) => {
        current = delivery;
        take(delivery.message).then(
          () => delivery.acknowledge(),
          () => delivery.refuse("the service did not take it"),
        ).finally(() => {
          current = undefined;
          read.pump();
        });
      },
      ended: () => {},
    };
    read.attach(reader);
    return Promise.resolve({
      close: () => {
        read.detach(reader);
        return Promise.resolve();
      },
    });
  }

  declare(queue: string): Promise<void> {
    this.#declared.add(queue);
    this.#queue(queue);
    return Promise.resolve();
  }

  release(queue: string): void {
    this.#declared.delete(queue);
    this.#forgetIdle(queue);
  }

  remove(queue: string): Promise<void> {
    this.#declared.delete(queue);
    this.#queues.get(queue)?.end();
    this.#queues.delete(queue);
    return Promise.resolve();
  }

  grantReader({ user, token }: Reader): Promise<ConnectionGrant> {
    const until = Math.min(
      this.#parts.now() + PASSWORD_LIFETIME,
      token.expiresAt ?? Infinity,
    );
    return Promise.resolve(this.#grant({ kind: "reader", user, tokenId: token.id, until }));
  }

  async grantAgent(agentId: string, queues: AgentQueues): Promise<ConnectionGrant> {
    const grant = newId();
    await this.#parts.store.agentGrants.put(agentId, { grant, ...queues });
    this.#endAgent(agentId, "another password was given");
    return this.#grant({ kind: "agent", agentId, grant });
  }

  async revokeAgent(agentId: string): Promise<void> {
    await this.#parts.store.agentGrants.remove(agentId);
    this.#endAgent(agentId, "the password was withdrawn");
  }

  async close(): Promise<void> {
    for (const queue of this.#queues.values()) queue.end();
    await this.#listener.close();
  }

  #grant(account: Account): ConnectionGrant {
    const { name, password } = this.#passwords.make(account);
    const address = this.#parts.address(this.port);
    return { url: address.replace("://", `://${name}:${password}@`) };
  }

  #queue(name: string): MessageQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const made = new MessageQueue(name, () => this.#forgetIdle(name));
    this.#queues.set(name, made);
    return made;
  }

  #forgetIdle(name: string): void {
    if (!this.#declared.has(name) && this.#queues.get(name)?.isIdle) this.#queues.delete(name);
  }

  #endAgent(agentId: string, reason: string): void {
    for (const end of [...this.#agents.get(agentId) ?? []]) end(reason);
  }

  // -- who comes ----------------------------------------------------------------------------------

  #admit({ account }: Session): (() => void) | undefined {
    const open = this.#connections.get(account) ?? 0;
    if (open >= MAX_AMQP_CONNECTIONS_PER_USER) return undefined;
    this.#connections.set(account, open + 1);
    return () => {
      const left = this.#connections.get(account)! - 1;
      if (left > 0) this.#connections.set(account, left);
      else this.#connections.delete(account);
    };
  }

  async #authenticate(name: string, password: string): Promise<Session | AmqpError> {
    const account = this.#passwords.check(name, password);
    const session = account === undefined
      ? undefined
      : account.kind === "reader"
      ? await this.#readerOf(account)
      : await this.#agentOf(account);
    return session ?? new AmqpError(
      "ACCESS_REFUSED",
      "Login was refused using authentication mechanism PLAIN",
    );
  }

  /** The token has to be there still; what is open ends with it. */
  async #readerOf(
    { user, tokenId, until }: Account & { kind: "reader" },
  ): Promise<Session | undefined> {
    const { store, uses, now, openGroup } = this.#parts;
    const at = now();
    const token = await store.tokens.find(tokenId);
    if (token === undefined || token.user !== user || until <= at) return undefined;
    if (token.expiresAt !== null && token.expiresAt <= at) return undefined;
    const prefix = queuePrefix(store.serviceId, user);
    return {
      account: `user ${user}`,
      mayRead: (queue) => queue.startsWith(prefix),
      mayWrite: () => false,
      prepare: async (queue) => {
        if (!await openGroup(user, queue.slice(prefix.length))) return false;
        this.#queue(queue);
        return true;
      },
      watch: (ended) => uses.watch(token, at, (reason) => ended(`the token is ${reason}`)),
    };
  }

  async #agentOf(
    { agentId, grant }: Account & { kind: "agent" },
  ): Promise<Session | undefined> {
    const known = await this.#parts.store.agentGrants.find(agentId);
    if (known?.grant !== grant) return undefined;
    return {
      account: `agent ${agentId}`,
      mayRead: (queue) => known.reads.includes(queue),
      mayWrite: (queue) => known.writes.includes(queue),
      prepare: (queue) => Promise.resolve(this.#queues.has(queue)),
      watch: (ended) => {
        const open = this.#agents.get(agentId) ?? new Set();
        this.#agents.set(agentId, open.add(ended));
        return () => {
          open.delete(ended);
          if (open.size === 0) this.#agents.delete(agentId);
        };
      },
    };
  }
}
