/**
 * Endpoints of row 9, without a spool and workers: the agent's own supervisor and connection for
 * each. Argument: a file of registrations. Prints how many are connected when that has changed.
 */
import type { EndpointRegistration } from "../../src/contract/api.ts";
import { newId } from "../../src/contract/ids.ts";
import type { EndpointStatus, Hello } from "../../src/contract/protocol/messages.ts";
import { connect } from "../../src/endpoint/forwarder/connection.ts";
import { Supervisor } from "../../src/endpoint/forwarder/supervisor.ts";

/** Milliseconds between two lines. */
const INTERVAL = 50;
/** Dialled at first at a time: the service is to be loaded, not its listen queue. */
const AT_A_TIME = 100;

const STATUS: EndpointStatus = {
  managers: 1,
  total_workers: 2,
  idle_workers: 2,
  pending_tasks: 0,
  outstanding_tasks: 0,
  completed_tasks: 0,
};

let connected = 0;
let printed = -1;

function hello(endpoint_id: string): Omit<Hello, "protocol_version"> {
  return {
    type: "hello",
    endpoint_id,
    spool_id: newId(),
    instance_id: newId(),
    software_version: "bench",
    hostname: "bench",
    runtimes: ["typescript"],
    task_credits: 100,
    status: STATUS,
  };
}

/** Resolves when it is connected for the first time. */
function supervise(registration: EndpointRegistration): Promise<void> {
  const first = Promise.withResolvers<void>();
  const greeting = hello(registration.endpoint_id);
  let isConnected = false;
  new Supervisor({
    connect: (protocol_version, signal) =>
      connect({
        target: { url: registration.forwarder_url, token: registration.endpoint_token },
        hello: { ...greeting, protocol_version },
        status: () => STATUS,
        now: () => Date.now(),
        opened: () => {},
        message: () => {},
        signal,
      }),
    onState: ({ kind }) => {
      const now = kind === "connected";
      if (now !== isConnected) connected += now ? 1 : -1;
      isConnected = now;
      if (now) first.resolve();
    },
  }).start();
  return first.promise;
}

const registrations: EndpointRegistration[] = JSON.parse(Deno.readTextFileSync(Deno.args[0]!));
setInterval(() => {
  if (printed === connected) return;
  printed = connected;
  console.log(connected);
}, INTERVAL);
for (let index = 0; index < registrations.length; index += AT_A_TIME) {
  await Promise.all(registrations.slice(index, index + AT_A_TIME).map(supervise));
}
