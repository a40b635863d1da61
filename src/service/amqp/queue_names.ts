/** How the queues of results are named. */
import { createHash } from "node:crypto";
import type { ServiceId, TaskGroupId, UserId } from "../../contract/ids.ts";

/**
 * What the names of all queues begin with that a user may read: a UUID which stands for him at this
 * service, so that no name of a user can be taken for the beginning of another's.
 */
export function queuePrefix(serviceId: ServiceId, user: UserId): string {
  const hash = createHash("sha256").update(`${serviceId} ${user}`).digest("hex");
  const uuid = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ];
  return `${uuid.join("-")}.`;
}

export function resultQueueName(
  serviceId: ServiceId,
  user: UserId,
  taskGroupId: TaskGroupId,
): string {
  return queuePrefix(serviceId, user) + taskGroupId;
}
