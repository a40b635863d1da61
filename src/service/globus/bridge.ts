/** All agents of Globus Compute that are registered here. */
import type { GlobusRegistration } from "../../contract/api.ts";
import type { EndpointId } from "../../contract/ids.ts";
import { delay, withTimeout } from "../../lib/async.ts";
import { Backoff } from "../../lib/backoff.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Broker } from "../amqp/broker.ts";
import type { Hub } from "../hub/hub.ts";
import type { Store, StoredEndpoint } from "../store/store.ts";
import { GlobusAgent } from "./agent.ts";

const log = logger("service", "globus");

export interface BridgeOptions {
  readonly broker: Broker;
  readonly store: Store;
  readonly hub: Hub;
  readonly now: () => number;
}

/** Milliseconds that the start of the service waits for a broker that is away. */
const START_PATIENCE = 5_000;
const BACKOFF = { initial: 500, maximum: 30_000, minimumUptime: 1_000 };

export class GlobusBridge {
  readonly #options: BridgeOptions;
  readonly #agents = new Map<EndpointId, Promise<GlobusAgent>>();
  readonly #closing = new AbortController();

  private constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the queues of all agents are there, so that they may come. A broker that is away is
   * not waited for: it is tried again for as long as the bridge is open.
   */
  static async open(options: BridgeOptions): Promise<GlobusBridge> {
    const bridge = new GlobusBridge(options);
    const { store } = options;
    const endpoints = await store.endpoints.several(await store.userEndpoints.agents());
    const serving = endpoints.map((endpoint) =>
      bridge.#persist(endpoint, "cannot be served", async () => {
        // It may be deleted while the broker is away.
        const current = await store.endpoints.get(endpoint.endpointId);
        if (current !== undefined) await bridge.#agent(current);
      })
    );
    await withTimeout(Promise.all(serving), START_PATIENCE);
    return bridge;
  }

  /** After each registration. Throws SERVICE_BUSY when the broker is away. */
  async registered(
    endpoint: StoredEndpoint,
  ): Promise<Omit<GlobusRegistration, "warnings">> {
    const agent = await this.#agent(endpoint);
    agent.describe(endpoint);
    return { endpoint_id: endpoint.endpointId, ...await agent.grant() };
  }

  /**
   * Ends whatever serves the endpoint; whether it is an agent of this kind. Throws SERVICE_BUSY when
   * the broker is away.
   */
  async lock(endpointId: EndpointId): Promise<boolean> {
    const agent = await this.#agents.get(endpointId);
    await agent?.revoke();
    return agent !== undefined;
  }

  /** What the broker has of it goes too, when there is a broker. */
  async deleted(endpoint: StoredEndpoint): Promise<void> {
    const agent = this.#agents.get(endpoint.endpointId);
    if (agent === undefined) return;
    this.#agents.delete(endpoint.endpointId);
    const served = await agent.catch(() => undefined);
    if (served === undefined) return;
    const removing = this.#persist(endpoint, "cannot be removed", () => served.remove());
    await withTimeout(removing, START_PATIENCE);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the service is stopping"));
    for (const agent of this.#agents.values()) await (await agent.catch(() => undefined))?.close();
  }

  /** One for each endpoint, also when it registers while its queues are made. */
  #agent(endpoint: StoredEndpoint): Promise<GlobusAgent> {
    const { endpointId } = endpoint;
    const known = this.#agents.get(endpointId);
    if (known !== undefined) return known;
    const made = this.#open(endpoint);
    this.#agents.set(endpointId, made);
    made.catch(() => {
      if (this.#agents.get(endpointId) === made) this.#agents.delete(endpointId);
    });
    return made;
  }

  async #open(endpoint: StoredEndpoint): Promise<GlobusAgent> {
    const agent = new GlobusAgent({ ...this.#options, endpoint });
    try {
      await agent.open();
      return agent;
    } catch (thrown) {
      await agent.close();
      throw thrown;
    }
  }

  /** Until it has worked or the bridge is closed; never rejects. */
  async #persist(
    { endpointId }: StoredEndpoint,
    failed: string,
    action: () => Promise<unknown>,
  ): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(BACKOFF);
    while (!signal.aborted) {
      try {
        await action();
        return;
      } catch (thrown) {
        log.warning("endpoint {endpoint} {failed}, again soon: {reason}", {
          endpoint: endpointId,
          failed,
          reason: messageOf(thrown),
        });
        await delay(backoff.next(), signal).catch(() => {});
      }
    }
  }
}
