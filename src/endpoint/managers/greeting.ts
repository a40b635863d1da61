/** The agent's side of the handshake: a hello within its time, a welcome or a refusal. */
import type { WebSocket } from "ws";
import { newId } from "../../contract/ids.ts";
import { HANDSHAKE_TIMEOUT } from "../../contract/limits.ts";
import type { Decoded } from "../../contract/protocol/codec.ts";
import { decodeManagerMessage, encodeLinkMessage } from "../../contract/protocol/manager_codec.ts";
import type {
  ManagerHello,
  ManagerMessage,
  ManagerWelcome,
} from "../../contract/protocol/manager_messages.ts";
import { reject } from "../../contract/protocol/handshake.ts";
import type { Reject } from "../../contract/protocol/messages.ts";
import { MANAGER_PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { logger } from "../../lib/log.ts";
import { fatal, messageOf, ok, type Outcome, retryable } from "../../lib/outcome.ts";
import { VERSION } from "../../lib/version.ts";
import { type Transport, transportOf } from "../forwarder/ws_transport.ts";
import { ManagerLink } from "./manager_link.ts";
import type { AttemptId } from "../executor/executor.ts";
import type { ManagerPool } from "./manager_pool.ts";
import type { AgentLink } from "./remote_manager.ts";

const log = logger("managers");

const CLOSE_REFUSED = 1000;

export interface GreetingOptions {
  readonly pool: Pick<ManagerPool, "takesManagers" | "attach">;
  /** Milliseconds. */
  readonly heartbeatInterval: number;
  readonly reattachTimeout: number;
  readonly handshakeTimeout?: number;
}

/** What the frames of a connection mean at the moment. */
type Phase =
  | { readonly kind: "greeting"; readonly timer: ReturnType<typeof setTimeout> }
  | { readonly kind: "open"; readonly link: AgentLink }
  | { readonly kind: "over" };

/** Sees to one connection from its upgrade to its end. */
export function greet(socket: WebSocket, blockId: string, options: GreetingOptions): void {
  const refuse = (answer: Reject): void => {
    log.warning("a manager of block {block} was refused: {reason}", {
      block: blockId,
      reason: answer.message,
    });
    phase = { kind: "over" };
    transport.send(encodeLinkMessage(answer));
    transport.close(CLOSE_REFUSED, answer.code);
  };
  const timer = setTimeout(
    () => refuse(reject("TIMED_OUT", "no hello came in time", { retryable: true })),
    options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
  );
  let phase: Phase = { kind: "greeting", timer };
  const transport: Transport = transportOf(socket, {
    frame: (bytes) => {
      if (phase.kind === "open") return phase.link.frame(bytes);
      if (phase.kind === "over") return;
      clearTimeout(phase.timer);
      const welcomed = welcome(decodeManagerMessage(bytes), blockId, transport, options);
      if (welcomed.kind !== "ok") return refuse(welcomed.failure);
      phase = { kind: "open", link: welcomed.value };
    },
    malformed: (reason) => {
      if (phase.kind === "open") return phase.link.violated(reason);
      if (phase.kind === "over") return;
      clearTimeout(phase.timer);
      refuse(reject("PROTOCOL_VIOLATION", `the first frame is not a hello: ${reason}`));
    },
  });
  socket.on("close", (code: number, reason: Uint8Array) => {
    if (phase.kind === "greeting") clearTimeout(phase.timer);
    const text = new TextDecoder().decode(reason);
    if (phase.kind === "open") phase.link.closed(`${code}${text && ` ${text}`}`);
    phase = { kind: "over" };
  });
}

function welcome(
  frame: Decoded<ManagerMessage>,
  blockId: string,
  transport: Transport,
  { pool, heartbeatInterval, reattachTimeout }: GreetingOptions,
): Outcome<AgentLink, Reject> {
  const checked = checkHello(frame);
  if (checked.kind !== "ok") return checked;
  const hello = checked.value;
  if (!pool.takesManagers) {
    return retryable(
      reject("SERVICE_STOPPING", "the agent takes no managers now", { retryable: true }),
    );
  }
  let attached: ReturnType<ManagerPool["attach"]>;
  try {
    attached = pool.attach(hello, blockId);
  } catch (thrown) {
    const message = `the agent cannot take managers: ${messageOf(thrown)}`;
    return retryable(reject("STORAGE_FULL", message, { retryable: true }));
  }
  const { manager, unwanted, known } = attached;
  transport.send(encodeLinkMessage({
    type: "welcome",
    protocol_version: MANAGER_PROTOCOL_VERSION,
    session_id: newId(),
    software_version: VERSION,
    heartbeat_interval: heartbeatInterval,
    reattach_timeout: reattachTimeout,
    unwanted: unwanted.map(nameOf),
    known: known.map(nameOf),
  }));
  const link: AgentLink = new ManagerLink({
    transport,
    heartbeatInterval,
    decode: decodeManagerMessage,
    message: (message) => manager.received(message),
    ended: (ending) => manager.closed(link, ending),
  });
  manager.opened(link, hello.limit);
  log.info("{name} is attached", {
    name: manager.name,
    pid: hello.pid,
    workers: hello.workers,
    held: hello.running.length + hello.finished.length,
    unwanted: unwanted.length,
  });
  return ok(link);
}

function checkHello(frame: Decoded<ManagerMessage>): Outcome<ManagerHello, Reject> {
  if (frame.kind === "violation") {
    return fatal(reject("PROTOCOL_VIOLATION", `the first frame is not a hello: ${frame.reason}`));
  }
  const hello = frame.message;
  if (hello.type !== "hello") {
    return fatal(reject("PROTOCOL_VIOLATION", `expected hello first, found ${hello.type}`));
  }
  if (hello.protocol_version !== MANAGER_PROTOCOL_VERSION) {
    return fatal(reject(
      "PROTOCOL_VERSION_UNSUPPORTED",
      `the manager speaks version ${hello.protocol_version} of the manager link, the agent ` +
        `${MANAGER_PROTOCOL_VERSION}`,
      { hint: "Cancel the blocks that an older funcx-endpoint has submitted." },
    ));
  }
  return ok(hello);
}

function nameOf({ taskId, attempt }: AttemptId): ManagerWelcome["unwanted"][number] {
  return { task_id: taskId, attempt };
}
