/** What a peer that has shown its password may do. */
import type { MessageQueue } from "./message_queue.ts";
import type { AmqpError } from "./replies.ts";

export interface Session {
  /** Whose connections are counted together. */
  readonly account: string;
  mayRead(queue: string): boolean;
  mayWrite(queue: string): boolean;
  /** Makes what it may read be there, where it can be; resolves to whether it is. */
  prepare(queue: string): Promise<boolean>;
  /** Calls `ended` with the reason when it may go on no longer. Returns the end of that. */
  watch(ended: (reason: string) => void): () => void;
}

/** What connections need of the broker. */
export interface Host {
  /** An error, `ACCESS_REFUSED`, tells nothing of why. */
  authenticate(user: string, password: string): Promise<Session | AmqpError>;
  /** Undefined when it has too many connections. Returns the end of the one that was counted. */
  admit(session: Session): (() => void) | undefined;
  queue(name: string): MessageQueue | undefined;
}

/** How a connection reaches its peer. */
export interface Link {
  send(bytes: readonly Uint8Array<ArrayBuffer>[]): void;
  /** Bytes that the peer has not taken. */
  readonly backlog: number;
  /** After what was sent is out. */
  close(): void;
}
