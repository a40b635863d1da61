/** What is said above the keys of a new profile, and of keys that may be added. */
import type { Profile, Scheduler } from "../profile.d.ts";
import { SCHEDULER_TITLES } from "../schedulers.ts";
import type { Comments } from "./render.ts";

/** For workers on this machine. */
export const LOCAL_COMMENTS: Comments = {
  "executor.workersPerNode": ['Each runs one task at a time; "auto" is one per core.'],
  "executor.provider": ["Workers run on this machine."],
};

/** For workers in jobs of a scheduler; keys that the profile has are not proposed again. */
export function blockComments(scheduler: Scheduler, { executor }: Profile): Comments {
  const present = Object.keys(executor?.provider ?? {});
  const absent = PROPOSALS[scheduler].filter((line) =>
    !present.some((key) => line.startsWith(`${key}: `))
  );
  return {
    "executor.workersPerNode": ['Each runs one task at a time; "auto" is one per core of a node.'],
    "executor.address": ["The network interface of this machine that nodes reach it by."],
    "executor.provider": [`Workers run in jobs of ${SCHEDULER_TITLES[scheduler]}.`],
    "executor.provider.account": ["What the jobs are charged to."],
    "executor.provider.exclusive": ["Whole nodes, which are shared with no other job."],
    "executor.provider.nodesPerBlock": ["A block is one job, of so many nodes."],
    "executor.provider.initBlocks": ["Started with the endpoint, before there are tasks."],
    "executor.provider.minBlocks": ["Kept while there are no tasks."],
    "executor.provider.maxBlocks": ["At most so many at a time; there are as many as tasks need."],
    "executor.provider.walltime": ["Hours, minutes and seconds of each job."],
    "executor.provider.cmdTimeout": ["Seconds that a command of the scheduler may take."],
    "executor.provider.launcher": ["How a manager is started on each node."],
    "executor.provider.": absent.length === 0
      ? []
      : ["Left to the scheduler unless you name them:", ...absent],
    "executor.": [
      "What functions need on a node, in lines of shell:",
      'workerInit: "module load python",',
    ],
  };
}

const NODE = ["coresPerNode: 8,", 'memPerNode: "32G",', "gpusPerNode: 1,"];

/** Keys that many sites want, with values that show how they are written. */
const PROPOSALS: Readonly<Record<Scheduler, readonly string[]>> = {
  slurm: [
    'partition: "debug",',
    'account: "abc123",',
    'qos: "normal",',
    'constraint: "cpu",',
    "exclusive: true,",
    ...NODE,
    'schedulerOptions: "#SBATCH --mail-type=END",',
  ],
  pbs: [
    'queue: "debug",',
    'account: "abc123",',
    'selectOptions: "model=rome",',
    ...NODE,
    'schedulerOptions: "#PBS -l filesystems=home",',
  ],
  lsf: [
    'queue: "normal",',
    'account: "abc123",',
    ...NODE,
    'schedulerOptions: "#BSUB -alloc_flags smt4",',
  ],
  sge: [
    'queue: "all.q",',
    'account: "abc123",',
    'parallelEnvironment: "smp",  // for more than one core; `qconf -spl` lists them',
    "coresPerNode: 8,",
    'memPerNode: "32G",',
    'schedulerOptions: "#$ -l gpu=1",',
  ],
  htcondor: [
    'account: "group_physics",',
    'requirements: "HAS_SINGULARITY == True",',
    ...NODE,
    "transferFiles: true,  // where nodes do not share this machine's files",
    `schedulerOptions: '+ProjectName = "abc123"',`,
  ],
  kubernetes: [
    'namespace: "science",',
    ...NODE,
    'imagePullSecret: "registry-login",',
    'nodeSelector: { "example.org/kind": "compute" },',
    'volumes: { "project-data": "/data" },',
  ],
};
