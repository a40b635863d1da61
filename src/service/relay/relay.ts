/**
 * Joins connections of agents with those of their managers, and passes on what they say; the rules are
 * in `contract/relay.ts`.
 *
 * 1. An agent's connection waits under its endpoint and key until a manager comes, then for nobody else.
 * 2. A manager is let in only while its agent is there under its key, and waits for `patience` at most.
 * 3. What one end has sent and the other has not taken, is at most a window: so is what is held here.
 * 4. When one end closes, the other one is closed.
 */
import type { EndpointId } from "../../contract/ids.ts";
import {
  HANDSHAKE_TIMEOUT,
  MAX_BLOCKS,
  MAX_RELAY_BYTES,
  MAX_RELAYED_MANAGERS,
  RELAY_WINDOW_BYTES,
} from "../../contract/limits.ts";
import { readRelayMessage, RELAY_CLOSE } from "../../contract/relay.ts";
import { logger } from "../../lib/log.ts";

const log = logger("service", "relay");

export interface RelayOptions {
  /** Milliseconds that a manager waits for a connection of its agent. */
  readonly patience?: number;
  /** Managers of one endpoint. */
  readonly maximumManagers?: number;
  /** Bytes of one endpoint that are untaken. */
  readonly maximumBytes?: number;
}

/** Where an agent waits. */
export interface Meeting {
  readonly endpointId: EndpointId;
  /** See `relayKey`. */
  readonly key: string;
}

type Role = "agent" | "manager";

interface End {
  readonly role: Role;
  readonly socket: WebSocket;
  readonly place: Place;
  /** Bytes that it has sent and the other end has not taken. */
  untaken: number;
  /** What it has sent before there was another end. */
  early: Uint8Array<ArrayBuffer>[];
  other: End | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** All of one endpoint. */
interface Share {
  agents: number;
  managers: number;
  untaken: number;
}

/** All under one key. */
interface Place {
  readonly name: string;
  readonly endpointId: EndpointId;
  readonly share: Share;
  agents: number;
  managers: number;
  readonly waiting: Record<Role, End[]>;
}

export class Relay {
  readonly #patience: number;
  readonly #maximumManagers: number;
  readonly #maximumBytes: number;
  readonly #places = new Map<string, Place>();
  readonly #shares = new Map<EndpointId, Share>();
  readonly #ends = new Set<End>();

  constructor(options: RelayOptions = {}) {
    this.#patience = options.patience ?? HANDSHAKE_TIMEOUT;
    this.#maximumManagers = options.maximumManagers ?? MAX_RELAYED_MANAGERS;
    this.#maximumBytes = options.maximumBytes ?? MAX_RELAY_BYTES;
  }

  /** Connections, joined or waiting. */
  get size(): number {
    return this.#ends.size;
  }

  /** Bytes that were sent and not taken. */
  get untaken(): number {
    return [...this.#shares.values()].reduce((sum, { untaken }) => sum + untaken, 0);
  }

  /** Whether an agent is there whom a manager with this key may wait for (2). */
  has(meeting: Meeting): boolean {
    return (this.#places.get(nameOf(meeting))?.agents ?? 0) > 0;
  }

  /** Whether the endpoint may have one more connection of the role. */
  hasRoom(endpointId: EndpointId, role: Role): boolean {
    const { agents, managers } = this.#shares.get(endpointId) ?? { agents: 0, managers: 0 };
    if (role === "manager") return managers < this.#maximumManagers;
    // One for each manager, and one that waits for each block.
    return agents < this.#maximumManagers + MAX_BLOCKS;
  }

  /**
   * Takes over a socket that was upgraded, after `hasRoom` and, for a manager, `has`; @returns how to
   * close it from elsewhere.
   */
  accept(socket: WebSocket, role: Role, meeting: Meeting): (code: number, reason: string) => void {
    const end: End = {
      role,
      socket,
      place: this.#placeOf(meeting),
      untaken: 0,
      early: [],
      other: undefined,
      timer: undefined,
    };
    this.#ends.add(end);
    count(end, 1);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#opened(end), { once: true });
    socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === "string") this.#cut(end, RELAY_CLOSE.violation, "a text message");
      else this.#received(end, new Uint8Array(data));
    });
    // An error is followed by a close, which says all that matters here.
    socket.addEventListener("error", (event) => event.preventDefault());
    socket.addEventListener("close", () => this.#ended(end), { once: true });
    return (code, reason) => this.#cut(end, code, reason);
  }

  /** Ends all connections: both ends find each other again at the next service. */
  close(): void {
    for (const end of [...this.#ends]) this.#cut(end, RELAY_CLOSE.stopping, "the service stops");
  }

  #placeOf(meeting: Meeting): Place {
    const name = nameOf(meeting);
    const { endpointId } = meeting;
    const share = this.#shares.get(endpointId) ?? { agents: 0, managers: 0, untaken: 0 };
    this.#shares.set(endpointId, share);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place: Place = {
      name,
      endpointId,
      share,
      agents: 0,
      managers: 0,
      waiting: { agent: [], manager: [] },
    };
    this.#places.set(name, place);
    return place;
  }

  // -- meeting (1, 2) -------------------------------------------------------------------------------

  #opened(end: End): void {
    const { role, place: { waiting } } = end;
    // The newest: an older connection may be one that has broken without a word.
    const other = waiting[role === "agent" ? "manager" : "agent"].pop();
    if (other !== undefined) return this.#join(end, other);
    waiting[role].push(end);
    if (role === "agent") return;
    end.timer = setTimeout(
      () => this.#cut(end, RELAY_CLOSE.tryAgain, "the agent has not come"),
      this.#patience,
    );
  }

  #join(one: End, two: End): void {
    one.other = two;
    two.other = one;
    for (const end of [one, two]) {
      clearTimeout(end.timer);
      for (const frame of end.early) this.#pass(end.other!, frame);
      end.early = [];
    }
  }

  // -- passing on (3) -------------------------------------------------------------------------------

  #received(end: End, frame: Uint8Array<ArrayBuffer>): void {
    // It was cut off, and its messages of before still come.
    if (!this.#ends.has(end)) return;
    const message = readRelayMessage(frame);
    if (message.kind === "violation") return this.#violation(end, message.reason);
    const { other, place: { share } } = end;
    if (message.kind === "taken") {
      if (other === undefined || message.count > other.untaken) {
        return this.#violation(end, "more was taken than there was");
      }
      other.untaken -= message.count;
      share.untaken -= message.count;
      return this.#pass(other, frame);
    }
    const { length } = message.bytes;
    if (end.untaken + length > RELAY_WINDOW_BYTES) {
      return this.#violation(end, `more than ${RELAY_WINDOW_BYTES} bytes that were not taken`);
    }
    if (share.untaken + length > this.#maximumBytes) {
      log.warning("a connection of endpoint {endpoint} is cut off: {bytes} bytes are not taken", {
        endpoint: end.place.endpointId,
        bytes: share.untaken,
      });
      return this.#cut(end, RELAY_CLOSE.tryAgain, "too much is on its way");
    }
    end.untaken += length;
    share.untaken += length;
    if (other === undefined) end.early.push(frame);
    else this.#pass(other, frame);
  }

  #pass(to: End, frame: Uint8Array<ArrayBuffer>): void {
    if (to.socket.readyState === WebSocket.OPEN) to.socket.send(frame);
  }

  // -- the end (4) ----------------------------------------------------------------------------------

  #violation(end: End, reason: string): void {
    log.warning("the {role} of endpoint {endpoint} broke the relay's rules: {reason}", {
      role: end.role,
      endpoint: end.place.endpointId,
      reason,
    });
    this.#cut(end, RELAY_CLOSE.violation, reason);
  }

  #cut(end: End, code: number, reason: string): void {
    if (!this.#ends.has(end)) return;
    // Both hear the same of a service that stops.
    if (code === RELAY_CLOSE.stopping) end.other = undefined;
    end.socket.close(code, reason);
    this.#ended(end);
  }

  #ended(end: End): void {
    if (!this.#ends.delete(end)) return;
    clearTimeout(end.timer);
    const { role, other, place } = end;
    const { share, waiting } = place;
    count(end, -1);
    share.untaken -= end.untaken;
    const index = waiting[role].indexOf(end);
    if (index >= 0) waiting[role].splice(index, 1);
    if (place.agents + place.managers === 0) this.#places.delete(place.name);
    if (share.agents + share.managers === 0) this.#shares.delete(place.endpointId);
    if (other !== undefined) {
      this.#cut(other, RELAY_CLOSE.otherEnd, `the ${role} has closed its connection`);
    }
  }
}

function count({ role, place }: End, change: 1 | -1): void {
  const name = role === "agent" ? "agents" : "managers";
  place[name] += change;
  place.share[name] += change;
}

function nameOf({ endpointId, key }: Meeting): string {
  return `${endpointId} ${key}`;
}
