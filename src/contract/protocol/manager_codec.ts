/** Frames of the manager link; apart from `codec.ts` so that who has none does not load its schemas. */
import { type Decoded, decodeMessage, encode } from "./codec.ts";
import {
  type AgentMessage,
  AgentMessageSchema,
  type ManagerMessage,
  ManagerMessageSchema,
} from "./manager_messages.ts";
import { isUsualEnded } from "./usual_ended.ts";

export function encodeLinkMessage(message: ManagerMessage | AgentMessage): Uint8Array<ArrayBuffer> {
  return encode(message);
}

export function decodeManagerMessage(bytes: Uint8Array): Decoded<ManagerMessage> {
  return decodeMessage<ManagerMessage>(bytes, ManagerMessageSchema, isUsualEnded);
}

export function decodeAgentMessage(bytes: Uint8Array): Decoded<AgentMessage> {
  return decodeMessage(bytes, AgentMessageSchema);
}
