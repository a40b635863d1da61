/** How the official SDK reaches the queues of its results. */
import { queuePrefix } from "../amqp/queue_names.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

export function resultQueueHandlers(
  { store, amqp }: ServiceParts,
): Pick<Handlers, "resultConnection"> {
  return {
    resultConnection: async ({ caller }) => {
      const prefix = queuePrefix(store.serviceId, caller.user);
      const { url } = await amqp.broker.grantReader({
        user: caller.user,
        token: { id: caller.tokenId, expiresAt: caller.expiresAt },
        queuePrefix: prefix,
      });
      return { queue_prefix: prefix, connection_url: url };
    },
  };
}
