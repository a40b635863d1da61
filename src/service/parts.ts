/** What the routes are built from; made once, in `bootstrap.ts` or by a test. */
import type { UserId } from "../contract/ids.ts";
import type { DiskRoom } from "../lib/free_space.ts";
import type { Amqp } from "./amqp/start.ts";
import type { OpenUses } from "./auth/open_uses.ts";
import type { BlobVault } from "./blobs/vault.ts";
import type { EndpointDirectory } from "./directory/endpoint_directory.ts";
import type { EndpointHistory } from "./history/endpoint_history.ts";
import type { GlobusBridge } from "./globus/bridge.ts";
import type { Gate } from "./http/gate.ts";
import type { RateLimiter } from "./http/rate_limit.ts";
import type { RequestRoom } from "./http/request_room.ts";
import type { Hub } from "./hub/hub.ts";
import type { Relay } from "./relay/relay.ts";
import type { Store } from "./store/store.ts";

/** What changes while the service runs. */
export interface ServicePhase {
  /** Set once, when the service begins to end. */
  stopping: boolean;
  /** Base URL that it has announced; empty before it listens. */
  url: string;
}

export interface ServiceParts {
  readonly store: Store;
  readonly hub: Hub;
  readonly directory: EndpointDirectory;
  readonly history: EndpointHistory;
  readonly relay: Relay;
  /** For agents of Globus Compute. */
  readonly globus: GlobusBridge;
  readonly amqp: Amqp;
  readonly vault: BlobVault;
  readonly uses: OpenUses;
  readonly gate: Gate;
  readonly requests: RequestRoom;
  /** Of users; null when they may send as many requests as they like. */
  readonly rates: RateLimiter | null;
  /** On the store's disk. */
  readonly disk: DiskRoom;
  readonly phase: ServicePhase;
  /** The user who runs this service; he alone may let others in. */
  readonly localUser: UserId;
  /** Hexadecimal; the key of the health proof. */
  readonly proofKey: string;
  /** Base URL by which the whole world reaches the service; null when each client has its own. */
  readonly publicUrl: string | null;
  /** With the portal's files; null in a build without a portal. */
  readonly portalFolder: string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
