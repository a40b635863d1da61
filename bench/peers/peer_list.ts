/** The peers, with the settings that their documentation recommends for throughput; two workers, warm. */
import { PEERS } from "../figures.ts";
import type { Ecosystem } from "./install.ts";
import { SNAPSHOTS, SYNCED } from "./redis.ts";

/** A peer that a script of this folder drives. */
export interface Peer {
  readonly name: string;
  /** What a reader has to know to judge the comparison. */
  readonly settings: string;
  readonly needs: readonly Ecosystem[];
  /** Packages whose versions the page names. */
  readonly packages?: readonly string[];
  /** In the folder of this file. */
  readonly script: string;
  /** Of the rate: about two seconds. */
  readonly tasks: number;
  /** Figures that its rate and its efficiency stand beside. */
  readonly rates: readonly string[];
  readonly efficiency?: "executor" | "service";
  readonly redis?: readonly string[];
  readonly chunks?: boolean;
}

const EXECUTOR_RATES = ["1.typescript", "1.python"];
const SERVICE_RATES = ["2.typescript", "2.python"];

export const DRIVEN: readonly Peer[] = [
  {
    name: PEERS.parsl,
    settings: "one local block, 2 workers, prefetch_capacity 100, no strategy, no memoization",
    needs: ["python"],
    packages: ["parsl"],
    script: "parsl_peer.py",
    tasks: 3_000,
    rates: EXECUTOR_RATES,
    efficiency: "executor",
  },
  {
    name: PEERS.futures,
    settings: "ProcessPoolExecutor(2), a future for each task",
    needs: [],
    script: "futures_peer.py",
    tasks: 20_000,
    rates: EXECUTOR_RATES,
    efficiency: "executor",
  },
  {
    name: PEERS.futuresChunks,
    settings:
      "ProcessPoolExecutor(2).map, 1,000 tasks a chunk; a chunk fails or is lost as a whole",
    needs: [],
    script: "futures_peer.py",
    tasks: 300_000,
    rates: EXECUTOR_RATES,
    chunks: true,
  },
  {
    name: PEERS.dask,
    settings:
      "LocalCluster of 2 processes with a thread each, Client.map in batches; keeps nothing " +
      "on disk",
    needs: ["python"],
    packages: ["distributed"],
    script: "dask_peer.py",
    tasks: 1_500,
    rates: SERVICE_RATES,
    efficiency: "service",
  },
  {
    name: PEERS.celery,
    settings: "prefork worker of 2 processes, prefetch multiplier 64, JSON; Redis for " +
      "broker and results, with its default snapshots",
    needs: ["python", "redis"],
    packages: ["celery"],
    script: "celery_peer.py",
    tasks: 1_500,
    rates: SERVICE_RATES,
    efficiency: "service",
    redis: SNAPSHOTS,
  },
  {
    name: PEERS.bullmq,
    settings:
      "2 worker processes, 100 jobs at a time each for the rate and 1 for the rest, bulks " +
      "of 1,000, finished jobs removed; Redis with its default snapshots, which lose the last " +
      "minutes with the machine",
    needs: ["npm", "redis"],
    packages: ["bullmq"],
    script: "bullmq_peer.mjs",
    tasks: 20_000,
    rates: SERVICE_RATES,
    efficiency: "service",
    redis: SNAPSHOTS,
  },
  {
    name: PEERS.bullmqDurable,
    settings:
      "the same with an append-only file that is synced before each answer, which is what " +
      "this program promises",
    needs: ["npm", "redis"],
    packages: ["bullmq"],
    script: "bullmq_peer.mjs",
    tasks: 12_000,
    rates: SERVICE_RATES,
    efficiency: "service",
    redis: SYNCED,
  },
];
