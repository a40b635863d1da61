/** The queues of agents of Globus Compute, by the ids of their endpoints and user endpoints. */
import type {
  GlobusRegistration,
  ReadQueue,
  UserEndpointCredentials,
  WrittenQueue,
} from "../../contract/api.ts";
import { type Broker, EXCHANGE } from "../amqp/broker.ts";

export const commandQueue = (endpointId: string): string => `${endpointId}.commands`;
export const taskQueue = (userEndpointId: string): string => `${userEndpointId}.tasks`;
export const resultQueue = (userEndpointId: string): string => `${userEndpointId}.results`;
export const heartbeatQueue = (id: string): string => `${id}.heartbeats`;

/** An agent declares its queues passively, so they have to be there before it comes. */
export async function declareQueues(broker: Broker, queues: readonly string[]): Promise<void> {
  for (const queue of queues) await broker.declare(queue);
}

/** Ends the credentials that the agent had before. */
export async function grantCommands(
  broker: Broker,
  endpointId: string,
): Promise<Pick<GlobusRegistration, "command_queue_info" | "heartbeat_queue_info">> {
  const reads = commandQueue(endpointId);
  const writes = heartbeatQueue(endpointId);
  const { url } = await broker.grantAgent(endpointId, { reads: [reads], writes: [writes] });
  return {
    command_queue_info: readQueue(url, reads),
    heartbeat_queue_info: writtenQueue(url, writes),
  };
}

/** The same for a user endpoint. */
export async function grantTasks(
  broker: Broker,
  userEndpointId: string,
): Promise<UserEndpointCredentials> {
  const tasks = taskQueue(userEndpointId);
  const results = resultQueue(userEndpointId);
  const heartbeats = heartbeatQueue(userEndpointId);
  const { url } = await broker.grantAgent(userEndpointId, {
    reads: [tasks],
    writes: [results, heartbeats],
  });
  return {
    endpoint_id: userEndpointId,
    task_queue_info: readQueue(url, tasks),
    result_queue_info: writtenQueue(url, results),
    heartbeat_queue_info: writtenQueue(url, heartbeats),
  };
}

function readQueue(connection_url: string, queue: string): ReadQueue {
  return { connection_url, exchange: EXCHANGE, queue };
}

function writtenQueue(connection_url: string, queue: string): WrittenQueue {
  return {
    ...readQueue(connection_url, queue),
    queue_publish_kwargs: {
      exchange: EXCHANGE,
      routing_key: queue,
      mandatory: true,
      properties: { delivery_mode: 2 },
    },
  };
}
