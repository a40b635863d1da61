/**
 * What an agent of Globus Compute is told, and how what it says is read: from outside, so that nothing
 * is trusted. The messages are in `globus_messages.ts`.
 */
import type { UserEndpointCredentials } from "./api_globus.ts";
import {
  decodeGlobusMessage,
  GlobusMessageError,
  type GlobusResult,
  type GlobusState,
} from "./globus_messages.ts";

/** Of one message; a result has at most 10 MiB, which JSON may escape. */
const MAX_AGENT_MESSAGE_BYTES = 24 * 1024 * 1024;

export type AgentMessage =
  | { readonly kind: "result"; readonly result: GlobusResult }
  | { readonly kind: "status"; readonly state: GlobusState }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Never throws. */
export function readAgentMessage(body: Uint8Array): AgentMessage {
  if (body.length > MAX_AGENT_MESSAGE_BYTES) return unreadable(`it has ${body.length} bytes`);
  try {
    const message = decodeGlobusMessage(body);
    switch (message.type) {
      case "result":
        return { kind: "result", result: message.data };
      case "ep_status_report":
        return { kind: "status", state: message.data.global_state };
      case "task":
        return unreadable("it is a task");
    }
  } catch (thrown) {
    if (!(thrown instanceof GlobusMessageError)) throw thrown;
    return unreadable(thrown.message);
  }
}

function unreadable(reason: string): AgentMessage {
  return { kind: "unreadable", reason };
}

const encoder = new TextEncoder();

export interface StartCommand {
  readonly name: string;
  /** Of the user whose tasks it is for. */
  readonly username: string;
  readonly identity: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runtime: Readonly<Record<string, unknown>>;
  readonly credentials: UserEndpointCredentials;
}

/** `cmd_start_endpoint`: JSON without the leading byte. */
export function startCommand(command: StartCommand): Uint8Array<ArrayBuffer> {
  const { name, username, identity, config, runtime, credentials } = command;
  return encoder.encode(JSON.stringify({
    command: "cmd_start_endpoint",
    globus_username: username,
    globus_effective_identity: identity,
    globus_identity_set: [{ sub: identity, username, name: username }],
    args: [],
    kwargs: { name, user_opts: config, user_runtime: runtime, amqp_creds: credentials },
  }));
}
