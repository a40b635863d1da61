/** All agents of Globus Compute that are registered here. */
import type { GlobusRegistration } from "../../contract/api.ts";
import type { EndpointId } from "../../contract/ids.ts";
import type { Broker } from "../amqp/broker.ts";
import type { Hub } from "../hub/hub.ts";
import type { Store, StoredEndpoint } from "../store/store.ts";
import { GlobusAgent } from "./agent.ts";

export interface BridgeOptions {
  readonly broker: Broker;
  readonly store: Store;
  readonly hub: Hub;
  readonly now: () => number;
}

export class GlobusBridge {
  readonly #options: BridgeOptions;
  readonly #agents = new Map<EndpointId, GlobusAgent>();

  private constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Resolves when the queues of all agents are there: they may come then. */
  static async open(options: BridgeOptions): Promise<GlobusBridge> {
    const bridge = new GlobusBridge(options);
    const { store } = options;
    for (const endpoint of await store.endpoints.several(await store.userEndpoints.agents())) {
      await bridge.#add(endpoint);
    }
    return bridge;
  }

  /** After each registration. */
  async registered(
    endpoint: StoredEndpoint,
  ): Promise<Omit<GlobusRegistration, "warnings">> {
    const { endpointId } = endpoint;
    const agent = this.#agents.get(endpointId) ?? await this.#add(endpoint);
    agent.describe(endpoint);
    return { endpoint_id: endpointId, ...await agent.grant() };
  }

  /** Ends whatever serves the endpoint; whether it is an agent of this kind. */
  async lock(endpointId: EndpointId): Promise<boolean> {
    const agent = this.#agents.get(endpointId);
    await agent?.grant();
    return agent !== undefined;
  }

  async deleted(endpointId: EndpointId): Promise<void> {
    const agent = this.#agents.get(endpointId);
    this.#agents.delete(endpointId);
    await agent?.remove();
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await agent.close();
  }

  async #add(endpoint: StoredEndpoint): Promise<GlobusAgent> {
    const agent = new GlobusAgent({ ...this.#options, endpoint });
    this.#agents.set(endpoint.endpointId, agent);
    await agent.open();
    return agent;
  }
}
