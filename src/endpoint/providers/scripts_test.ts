/** What is handed to each scheduler for a profile that says all that it can. */
import { assertEquals } from "../../lib/assert.ts";
import type { BlockProvider } from "../../profile/resolved_provider.ts";
import { makeProvider } from "./providers.ts";
import { REQUEST, settingsOf } from "./testing/requests.ts";

const COMMON = {
  account: "abc-1",
  coresPerNode: 32,
  memPerNode: "4G",
  nodesPerBlock: 2,
  walltime: "10:30:00",
};

const FOLDER = "/home/ada/.funcx/default/blocks/1";
const MANAGER = "/home/ada/bin/funcx-endpoint manager --token-file /home/ada/token";
const HEAD = `# Block ${REQUEST.blockId} of funcx-endpoint: one manager on each node.
umask 077`;
const REDIRECT = `exec >>${FOLDER}/output 2>&1`;

function script(provider: { type: BlockProvider["type"] } & Record<string, unknown>): string {
  return makeProvider(settingsOf(provider)).script({ ...REQUEST, nodes: 2 });
}

Deno.test("slurm", () => {
  assertEquals(
    script({
      type: "slurm",
      ...COMMON,
      partition: "gpu",
      qos: "high",
      constraint: "[a100|v100]",
      reservation: "school",
      gres: "gpu:a100:4",
      gpusPerNode: 4,
      exclusive: true,
      schedulerOptions: "#SBATCH --mail-type=END",
      launcher: { type: "srun", overrides: "-c 32" },
    }),
    `#!/bin/sh
#SBATCH --job-name=funcx-default-1
#SBATCH --nodes=2
#SBATCH --time=10:30:00
#SBATCH --no-requeue
#SBATCH --ntasks-per-node=1
#SBATCH --no-kill
#SBATCH --partition=gpu
#SBATCH --account=abc-1
#SBATCH --qos=high
#SBATCH --constraint=[a100|v100]
#SBATCH --reservation=school
#SBATCH --gres=gpu:a100:4
#SBATCH --cpus-per-task=32
#SBATCH --mem=4096M
#SBATCH --gpus-per-node=4
#SBATCH --exclusive
#SBATCH --mail-type=END
${HEAD}
cd ${FOLDER} || exit 1
exec srun --nodes=2 --ntasks=2 --ntasks-per-node=1 --no-kill --wait=0 --kill-on-bad-exit=0 --overlap --cpu-bind=none --cpus-per-task=32 -c 32 ${MANAGER}
`,
  );
});

Deno.test("pbs", () => {
  assertEquals(
    script({
      type: "pbs",
      ...COMMON,
      queue: "debug",
      gpusPerNode: 4,
      selectOptions: "model=rome",
      exclusive: true,
      schedulerOptions: "#PBS -l filesystems=home",
      launcher: { type: "aprun" },
    }),
    `#!/bin/sh
#PBS -N funcx-default-1
#PBS -S /bin/sh
#PBS -j oe
#PBS -o /dev/null
#PBS -r n
#PBS -l select=2:ncpus=32:mem=4096mb:ngpus=4:model=rome
#PBS -l place=scatter:excl
#PBS -l walltime=10:30:00
#PBS -q debug
#PBS -A abc-1
#PBS -l filesystems=home
${HEAD}
${REDIRECT}
cd ${FOLDER} || exit 1
exec aprun -n 2 -N 1 ${MANAGER}
`,
  );
});

Deno.test("lsf", () => {
  assertEquals(
    script({
      type: "lsf",
      ...COMMON,
      queue: "debug",
      gpusPerNode: 4,
      reservation: "school",
      exclusive: true,
      schedulerOptions: "#BSUB -alloc_flags smt4",
      launcher: { type: "wrapped", command: "blaunch" },
    }),
    `#!/bin/sh
#BSUB -J funcx-default-1
#BSUB -o /dev/null
#BSUB -rn
#BSUB -W 10:30
#BSUB -n 64
#BSUB -R "span[ptile=32]"
#BSUB -R "rusage[mem=4096MB/host]"
#BSUB -gpu "num=4/host"
#BSUB -q debug
#BSUB -P abc-1
#BSUB -U school
#BSUB -x
#BSUB -alloc_flags smt4
${HEAD}
${REDIRECT}
cd ${FOLDER} || exit 1
exec blaunch ${MANAGER}
`,
  );
});

Deno.test("sge", () => {
  assertEquals(
    script({
      type: "sge",
      ...COMMON,
      queue: "all.q",
      reservation: "7",
      parallelEnvironment: "mpi",
      schedulerOptions: "#$ -l gpu=1",
      launcher: { type: "single" },
    }),
    `#!/bin/sh
#$ -N funcx-default-1
#$ -S /bin/sh
#$ -j y
#$ -o /dev/null
#$ -r n
#$ -l h_rt=10:30:00
#$ -l mem_free=4096M
#$ -q all.q
#$ -A abc-1
#$ -ar 7
#$ -pe mpi 64
#$ -l gpu=1
${HEAD}
${REDIRECT}
cd ${FOLDER} || exit 1
exec ${MANAGER}
`,
  );
});

Deno.test("htcondor, where nodes have no files of this machine", () => {
  assertEquals(
    script({
      type: "htcondor",
      ...COMMON,
      gpusPerNode: 1,
      requirements: "HAS_SINGULARITY == True",
      transferFiles: true,
      schedulerOptions: '+ProjectName = "example"',
    }),
    `# Block ${REQUEST.blockId} of funcx-endpoint: a manager for each process.
universe = vanilla
executable = /home/ada/bin/funcx-endpoint
arguments = "'manager' '--token-file' 'token'"
initialdir = ${FOLDER}
output = ${FOLDER}/output.$(ProcId)
error = ${FOLDER}/output.$(ProcId)
stream_output = True
stream_error = True
log = ${FOLDER}/log
should_transfer_files = YES
transfer_input_files = /home/ada/token
request_cpus = 32
request_memory = 4096
request_gpus = 1
accounting_group = abc-1
requirements = HAS_SINGULARITY == True
periodic_remove = (NumJobStarts > 1) || (JobStatus == 2 && (time() - EnteredCurrentStatus) > 37800)
+ProjectName = "example"
queue 2
`,
  );
});
