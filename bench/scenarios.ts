/** Everything that can be measured, in the order of one repeat. */
import type { Scenario } from "./scenario.ts";
import { diskFloors } from "./floors/disk.ts";
import { startFloor } from "./floors/interpreters.ts";
import { setsidFloor, xargs } from "./floors/spawning.ts";
import { backlog } from "./rows/backlog.ts";
import { commands } from "./rows/commands.ts";
import { serviceEfficiency } from "./rows/efficiency.ts";
import { executorScenarios } from "./rows/executor_alone.ts";
import { idleEndpoints } from "./rows/idle_endpoints.ts";
import { memory } from "./rows/memory.ts";
import { payloads } from "./rows/payloads.ts";
import { serviceRate } from "./rows/service_rate.ts";
import { serviceTrip } from "./rows/service_trip.ts";
import { shellService } from "./rows/shell_service.ts";
import { start } from "./rows/start.ts";

/** The program, the floors beside it, and peers that every Linux has. */
export const SCENARIOS: readonly Scenario[] = [
  diskFloors,
  startFloor,
  ...executorScenarios,
  serviceRate,
  serviceTrip,
  xargs,
  shellService,
  setsidFloor,
  serviceEfficiency,
  payloads,
  memory,
  start,
  commands,
  idleEndpoints,
  backlog,
];
