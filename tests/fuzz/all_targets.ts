import type { Target } from "./check.ts";
import { amqp } from "./targets/amqp.ts";
import { endpointLink } from "./targets/endpoint_link.ts";
import { files } from "./targets/files.ts";
import { managerLink } from "./targets/manager_link.ts";
import { control, rawHttp } from "./targets/raw_http.ts";
import { relay } from "./targets/relay.ts";
import { routes } from "./targets/routes.ts";
import { serviceLink } from "./targets/service_link.ts";
import { managerRecords, workerRecords } from "./targets/worker_records.ts";

export const TARGETS: readonly Target[] = [
  routes,
  rawHttp,
  control,
  endpointLink,
  serviceLink,
  managerLink,
  relay,
  amqp,
  managerRecords,
  workerRecords,
  files,
];
