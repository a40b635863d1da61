/** Why a channel or a connection is closed: AMQP 0-9-1's reply codes, each with its own reach. */
export const REPLIES = {
  CONTENT_TOO_LARGE: { code: 311, closes: "channel" },
  NO_ROUTE: { code: 312, closes: "nothing" },
  CONNECTION_FORCED: { code: 320, closes: "connection" },
  INVALID_PATH: { code: 402, closes: "connection" },
  ACCESS_REFUSED: { code: 403, closes: "channel" },
  NOT_FOUND: { code: 404, closes: "channel" },
  PRECONDITION_FAILED: { code: 406, closes: "channel" },
  FRAME_ERROR: { code: 501, closes: "connection" },
  SYNTAX_ERROR: { code: 502, closes: "connection" },
  COMMAND_INVALID: { code: 503, closes: "connection" },
  CHANNEL_ERROR: { code: 504, closes: "connection" },
  UNEXPECTED_FRAME: { code: 505, closes: "connection" },
  RESOURCE_ERROR: { code: 506, closes: "connection" },
  NOT_ALLOWED: { code: 530, closes: "connection" },
  NOT_IMPLEMENTED: { code: 540, closes: "connection" },
} as const satisfies Record<string, { code: number; closes: string }>;

export type ReplyName = keyof typeof REPLIES;

/** Thrown for what a peer may not do; it is told, and loses its channel or connection. */
export class AmqpError extends Error {
  override readonly name = "AmqpError";
  readonly reply: ReplyName;
  /** After it nothing more is said: the socket is closed, as AMQP 0-9-1 demands in a few places. */
  readonly isFatal: boolean;

  constructor(reply: ReplyName, text: string, options: { readonly isFatal?: boolean } = {}) {
    super(text);
    this.reply = reply;
    this.isFatal = options.isFatal ?? false;
  }

  get code(): number {
    return REPLIES[this.reply].code;
  }

  /** What goes to the peer: a short string, so at most 255 bytes of ASCII. */
  get text(): string {
    return `${this.reply} - ${this.message.replace(/[^\x20-\x7e]/g, "?")}`.slice(0, 255);
  }
}
