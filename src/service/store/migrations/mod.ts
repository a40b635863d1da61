/**
 * The numbered forms of the database, oldest first. A migration that was released is never changed:
 * a new one is added below it. They are TypeScript so that they are part of the executable.
 */
import { initial } from "./001_initial.ts";
import { blobs } from "./002_blobs.ts";
import { lanes } from "./003_lanes.ts";
import { sessions } from "./004_sessions.ts";
import { overview } from "./005_overview.ts";
import { resultQueues } from "./006_result_queues.ts";
import { userEndpoints } from "./007_user_endpoints.ts";

export interface Migration {
  /** Counted from 1 without gaps; `PRAGMA user_version` is that of the last one applied. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "initial", sql: initial },
  { number: 2, name: "blobs", sql: blobs },
  { number: 3, name: "lanes", sql: lanes },
  { number: 4, name: "sessions", sql: sessions },
  { number: 5, name: "overview", sql: overview },
  { number: 6, name: "result_queues", sql: resultQueues },
  { number: 7, name: "user endpoints", sql: userEndpoints },
];
