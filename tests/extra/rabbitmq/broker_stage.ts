/** A service's side of a real RabbitMQ, with a store of its own for the tokens of readers. */
import { newId, type ServiceId, type UserId } from "../../../src/contract/ids.ts";
import { writePrivateFile } from "../../../src/lib/files.ts";
import { join } from "../../../src/lib/path.ts";
import type { BrokerMessage } from "../../../src/service/amqp/broker.ts";
import { queuePrefix } from "../../../src/service/amqp/queue_names.ts";
import {
  type RabbitAddress,
  rabbitAddress,
} from "../../../src/service/amqp/rabbitmq/rabbit_address.ts";
import { RabbitBroker } from "../../../src/service/amqp/rabbitmq/rabbit_broker.ts";
import { OpenUses } from "../../../src/service/auth/open_uses.ts";
import { hashOf, makeToken } from "../../../src/service/auth/token.ts";
import { openStore } from "../../../src/service/store/libsql_store.ts";
import type { Store } from "../../../src/service/store/store.ts";
import { RabbitNode, rabbitObstacle } from "../../helpers/rabbitmq.ts";

const obstacle = await rabbitObstacle();
if (obstacle !== undefined) console.log(`Skipped: ${obstacle}`);

export interface Granted {
  readonly url: string;
  readonly queuePrefix: string;
  readonly tokenId: string;
}

export class BrokerStage implements AsyncDisposable {
  readonly node: RabbitNode;
  readonly store: Store;
  readonly uses = new OpenUses();
  readonly #folder: string;
  readonly #brokers = new Set<RabbitBroker>();

  private constructor(node: RabbitNode, store: Store, folder: string) {
    this.node = node;
    this.store = store;
    this.#folder = folder;
  }

  static async open(node: RabbitNode): Promise<BrokerStage> {
    const folder = await Deno.makeTempDir({ prefix: "funcx-broker-" });
    return new BrokerStage(node, await openStore(join(folder, "service.db")), folder);
  }

  /** Closed with the stage. */
  broker(options: { readonly ca?: string; readonly serviceId?: ServiceId } = {}): RabbitBroker {
    const { serviceId = this.store.serviceId, ca } = options;
    const { tokens } = this.store;
    const store = { serviceId, tokens };
    const parts = { store, uses: this.uses, now: Date.now };
    const broker = new RabbitBroker(this.#address(ca), parts);
    this.#brokers.add(broker);
    return broker;
  }

  async close(broker: RabbitBroker): Promise<void> {
    this.#brokers.delete(broker);
    await broker.close();
  }

  /** A login for the user of this name, by a new token, and what it reads. */
  async granted(
    broker: RabbitBroker,
    user: UserId,
    expiresAt: number | null = null,
  ): Promise<Granted> {
    const tokenId = newId();
    await this.store.tokens.create({
      tokenId,
      hash: hashOf(makeToken()),
      user,
      label: "test",
      scopes: ["all"],
      createdAt: Date.now(),
      expiresAt,
    });
    const prefix = queuePrefix(this.store.serviceId, user);
    const token = { id: tokenId, expiresAt };
    const { url } = await broker.grantReader({ user, token, queuePrefix: prefix });
    return { url, queuePrefix: prefix, tokenId };
  }

  /** As the service's route does it. */
  async revoke(user: UserId, tokenId: string): Promise<void> {
    await this.store.tokens.revoke(user, tokenId);
    this.uses.endOfToken(tokenId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const broker of this.#brokers) await this.close(broker);
    await this.store.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #address(ca: string | undefined): RabbitAddress {
    const loginFile = join(this.#folder, "login");
    writePrivateFile(loginFile, `${this.node.login}\n`);
    const caFile = ca === undefined ? undefined : join(this.#folder, "ca.pem");
    if (caFile !== undefined && ca !== undefined) Deno.writeTextFileSync(caFile, ca);
    const { amqpUrl: url, managementUrl } = this.node;
    return rabbitAddress({ url, loginFile, managementUrl, caFile });
  }
}

/** A test with a node of its own; it is ignored where there can be none. */
export function rabbitTest(
  name: string,
  body: (stage: BrokerStage) => Promise<void>,
  options: Parameters<typeof RabbitNode.start>[0] = {},
): void {
  Deno.test({
    name,
    ignore: obstacle !== undefined,
    fn: async () => {
      await using node = await RabbitNode.start(options);
      await using stage = await BrokerStage.open(node);
      await body(stage);
    },
  });
}

export function message(text: string): BrokerMessage {
  return {
    body: new TextEncoder().encode(text),
    headers: { task_uuid: text },
    contentType: "text/plain",
    timestamp: 1_700_000_000,
  };
}

export function textOf({ body }: BrokerMessage): string {
  return new TextDecoder().decode(body);
}
