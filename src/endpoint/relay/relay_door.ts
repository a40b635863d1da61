/**
 * The agent's side of the relay: for each block one connection waits at the service; when a manager
 * has come to it, it is handed to the agent's own listener, as if the manager had dialled that, and
 * another one is dialled.
 */
import { connect as connectTo } from "node:net";
import { pathOf, ROUTES } from "../../contract/api.ts";
import { REDIAL_INITIAL } from "../../contract/limits.ts";
import { relayKey } from "../../contract/relay.ts";
import { delay } from "../../lib/async.ts";
import { Backoff } from "../../lib/backoff.ts";
import { logger } from "../../lib/log.ts";
import { messageOf, type Outcome, retryable } from "../../lib/outcome.ts";
import type { ServiceTarget } from "../blobs/service_blobs.ts";
import { RelayStream } from "./relay_stream.ts";

const log = logger("managers", "relay");

/** Between two attempts at most, milliseconds, as managers do. */
const REDIAL_MAXIMUM = 5_000;
const MINIMUM_UPTIME = 10_000;

/** How the agent stands with its service. */
export interface RelayService {
  readonly endpointId: string;
  /** Base URL, as far as it is known before the service was asked. */
  readonly url: string;
  /** The authority that signed its certificate, PEM, where the system does not know it. */
  readonly ca?: string;
  /** Where it is now, and the endpoint's token. */
  readonly target: () => Promise<Outcome<ServiceTarget>>;
}

export interface RelayDoorOptions {
  /** Of the agent's own listener, on loopback. */
  readonly port: () => number;
  /** Managers have to be told where the service is: at first, and when it has moved. */
  readonly moved: () => void;
}

/** Of the service; for managers the address that they dial. */
type ManagerPlace = Pick<RelayService, "url" | "ca">;

/** Of one block. */
interface Place {
  readonly key: string;
  readonly end: AbortController;
  waiting: RelayStream | undefined;
}

export class RelayDoor {
  readonly #options: RelayDoorOptions;
  readonly #places = new Map<string, Place>();
  readonly #handed = new Set<RelayStream>();
  #service: RelayService | undefined;
  #place: ManagerPlace | undefined;
  #isClosed = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
  }

  /** What managers of the endpoint dial; undefined before the service is known. */
  get managerPlace(): ManagerPlace | undefined {
    if (this.#service === undefined || this.#place === undefined) return undefined;
    const { url, ca } = this.#place;
    return { url: relayUrl(url, "relayManager", this.#service.endpointId), ca };
  }

  /** From now on it waits at this service. */
  start(service: RelayService): void {
    this.#service = service;
    this.#foundAt(service);
    for (const place of this.#places.values()) void this.#keep(place);
  }

  /** @param token of the block's managers, for the relay alone */
  open(blockId: string, token: string): void {
    if (this.#isClosed || this.#places.has(blockId)) return;
    const place: Place = { key: relayKey(token), end: new AbortController(), waiting: undefined };
    this.#places.set(blockId, place);
    if (this.#service !== undefined) void this.#keep(place);
  }

  /** Nobody is waited for any more. Managers that have come are the pool's to end. */
  endBlock(blockId: string): void {
    const place = this.#places.get(blockId);
    this.#places.delete(blockId);
    place?.end.abort();
    place?.waiting?.destroy();
  }

  /** There is a new session with the service, so connections that wait may have broken unnoticed. */
  renew(): void {
    for (const { waiting } of this.#places.values()) waiting?.destroy();
  }

  close(): void {
    this.#isClosed = true;
    for (const blockId of [...this.#places.keys()]) this.endBlock(blockId);
    for (const stream of this.#handed) stream.destroy();
  }

  #foundAt({ url, ca }: ManagerPlace): void {
    if (url === this.#place?.url && ca === this.#place.ca) return;
    this.#place = { url, ca };
    this.#options.moved();
  }

  /** Has a connection wait, until the block ends. */
  async #keep(place: Place): Promise<void> {
    const { signal } = place.end;
    const backoff = new Backoff({
      initial: REDIAL_INITIAL,
      maximum: REDIAL_MAXIMUM,
      minimumUptime: MINIMUM_UPTIME,
    });
    while (!signal.aborted) {
      const since = performance.now();
      const dialled = await this.#dial(place, signal);
      if (dialled.kind === "ok") {
        place.waiting = dialled.value;
        const isJoined = await dialled.value.joined;
        place.waiting = undefined;
        if (isJoined) {
          this.#handOver(dialled.value);
          continue;
        }
        dialled.value.destroy();
        backoff.connectionEnded(performance.now() - since);
      } else if (!signal.aborted) {
        log.info("managers cannot come by the service: {message}", { ...dialled.failure });
      }
      await delay(backoff.next(), signal).catch(() => undefined);
    }
  }

  async #dial({ key }: Place, signal: AbortSignal): Promise<Outcome<RelayStream>> {
    const { endpointId, target } = this.#service!;
    try {
      const found = await target();
      if (found.kind !== "ok") return found;
      const { url, token, ca } = found.value;
      this.#foundAt(found.value);
      const place = relayUrl(url, "relayAgent", endpointId);
      const dialled = await RelayStream.dial({ url: `${place}?key=${key}`, token, ca }, signal);
      if (dialled.kind === "ok" && signal.aborted) dialled.value.destroy();
      return dialled;
    } catch (thrown) {
      return retryable({ code: "SERVICE_UNAVAILABLE", message: messageOf(thrown) });
    }
  }

  /**
   * Ends with either of the two, but for one case: a connection that was cut between, as by a restart
   * of the service, tells nothing of the manager. The listener's is left to fall silent then, since
   * managers that fall silent are waited for longer than those whose connection is closed.
   */
  #handOver(stream: RelayStream): void {
    const socket = connectTo(this.#options.port(), "127.0.0.1");
    socket.setNoDelay(true);
    this.#handed.add(stream);
    socket.on("error", (error: Error) => log.debug("{reason}", { reason: error.message }));
    stream.on("error", (error: Error) => log.debug("{reason}", { reason: error.message }));
    socket.on("close", () => stream.destroy());
    stream.on("close", () => {
      this.#handed.delete(stream);
      if (stream.isEndedByOther || this.#isClosed) return void socket.end();
      log.info("a connection by way of the service was cut: {text}", { text: stream.endingText });
      socket.resume();
    });
    stream.pipe(socket, { end: false });
    socket.pipe(stream);
  }
}

function relayUrl(
  serviceUrl: string,
  route: "relayAgent" | "relayManager",
  endpoint_id: string,
): string {
  return serviceUrl.replace(/^http/, "ws") + pathOf(ROUTES[route], { endpoint_id });
}
