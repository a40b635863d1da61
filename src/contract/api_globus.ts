/**
 * What the endpoint agent of Globus Compute, PyPI's `globus-compute-endpoint`, asks of the web
 * service and of Globus Auth, as its version 4.19 does. It says who it is by a client id and a client
 * secret; here the secret is one of the user's tokens, and the id may be anything.
 */
import * as v from "valibot";
import { uuid } from "./api_pieces.ts";

/** Scopes of one request for tokens, and names in it. */
const MAX_OAUTH_TEXT = 4_000;
const oauthText = v.pipe(v.string(), v.maxLength(MAX_OAUTH_TEXT));

/** A client credentials grant (RFC 6749, 4.4), as a form. */
export const OauthTokenRequestSchema = v.object({
  grant_type: v.literal("client_credentials"),
  scope: v.optional(oauthText),
  /** Instead of an Authorization header of the scheme Basic. */
  client_id: v.optional(oauthText),
  client_secret: v.optional(oauthText),
});

const oauthToken = {
  access_token: v.string(),
  token_type: v.literal("Bearer"),
  /** Separated by blanks. */
  scope: v.string(),
  /** Seconds. */
  expires_in: v.number(),
  /** What Globus calls the server that takes it: `funcx_service` or `auth.globus.org`. */
  resource_server: v.string(),
};
/** One for each resource server, as Globus Auth answers. */
export const OauthTokenSchema = v.object({
  ...oauthToken,
  other_tokens: v.array(v.object(oauthToken)),
});
export type OauthToken = v.InferOutput<typeof OauthTokenSchema>;

/** A user as Globus Auth names one: by a UUID, which here follows from service and name. */
export const UserinfoSchema = v.object({
  sub: uuid,
  preferred_username: v.string(),
  name: v.string(),
  identity_set: v.array(v.object({ sub: uuid, username: v.string(), name: v.string() })),
});

/** Where an agent reads. */
const queueInfo = {
  /** With user and password. */
  connection_url: v.string(),
  exchange: v.string(),
  queue: v.string(),
};
export const ReadQueueSchema = v.object(queueInfo);
export type ReadQueue = v.InferOutput<typeof ReadQueueSchema>;
/** Where it writes; the last field is handed to its AMQP library as it is. */
export const WrittenQueueSchema = v.object({
  ...queueInfo,
  queue_publish_kwargs: v.object({
    exchange: v.string(),
    routing_key: v.string(),
    mandatory: v.boolean(),
    properties: v.object({ delivery_mode: v.literal(2) }),
  }),
});
export type WrittenQueue = v.InferOutput<typeof WrittenQueueSchema>;

/** Instead of an `EndpointRegistration`, for an agent that is told over AMQP what to do. */
export const GlobusRegistrationSchema = v.object({
  endpoint_id: uuid,
  command_queue_info: ReadQueueSchema,
  heartbeat_queue_info: WrittenQueueSchema,
  warnings: v.array(v.string()),
});
export type GlobusRegistration = v.InferOutput<typeof GlobusRegistrationSchema>;

/** What a command that starts a user endpoint gives it to work with. */
export interface UserEndpointCredentials {
  readonly endpoint_id: string;
  readonly task_queue_info: ReadQueue;
  readonly result_queue_info: WrittenQueue;
  readonly heartbeat_queue_info: WrittenQueue;
}

/**
 * Whether who registers is an agent of Globus Compute: it sends the template from which it makes the
 * configurations of its user endpoints, and no other kind of agent has one.
 */
export function isGlobusAgent(
  metadata: Readonly<Record<string, unknown>> | null | undefined,
): boolean {
  return typeof metadata?.user_config_template === "string";
}
