/** Everything that can be measured, in the order of one repeat. */
import type { Scenario } from "./scenario.ts";
import { diskFloors } from "./floors/disk.ts";
import { startFloor } from "./floors/interpreters.ts";
import { payloadFloor } from "./floors/payloads.ts";
import { pipeFloors } from "./floors/pipes.ts";
import { setsidFloor, xargs } from "./floors/spawning.ts";
import { tripFloor } from "./floors/trip.ts";
import { waitFloor } from "./floors/waiting.ts";
import { idleSocketFloor, linkFloors } from "./floors/websockets.ts";
import { INSTALLED_PEERS, PEERS_AT_HAND } from "./peers/peers.ts";
import { backlog } from "./rows/backlog.ts";
import { commands } from "./rows/commands.ts";
import { serviceEfficiency } from "./rows/efficiency.ts";
import { executorScenarios } from "./rows/executor_alone.ts";
import { fairness } from "./rows/fairness.ts";
import { idleEndpoints } from "./rows/idle_endpoints.ts";
import { manyManagers } from "./rows/many_managers.ts";
import { memory } from "./rows/memory.ts";
import { payloads } from "./rows/payloads.ts";
import { portal } from "./rows/portal.ts";
import { pythonUsers } from "./rows/python_users.ts";
import { serviceRate } from "./rows/service_rate.ts";
import { serviceTrip } from "./rows/service_trip.ts";
import { shellService } from "./rows/shell_service.ts";
import { slurmBlocks } from "./rows/slurm_blocks.ts";
import { start } from "./rows/start.ts";

const SHORT: readonly Scenario[] = [
  diskFloors,
  payloadFloor,
  startFloor,
  pipeFloors,
  linkFloors,
  tripFloor,
  idleSocketFloor,
  waitFloor,
  ...executorScenarios,
  serviceRate,
  serviceTrip,
  xargs,
  shellService,
  setsidFloor,
  serviceEfficiency,
  payloads,
  fairness,
  memory,
  start,
  commands,
  slurmBlocks,
  ...PEERS_AT_HAND,
];

/** Those that fill memory and disk, last. */
const LONG: readonly Scenario[] = [idleEndpoints, manyManagers, portal, pythonUsers, backlog];

/** The program, the floors beside it, and its peers; those that have to be installed when asked for. */
export function scenariosOf(options: { readonly peers: boolean }): readonly Scenario[] {
  return [...SHORT, ...(options.peers ? INSTALLED_PEERS : []), ...LONG];
}
