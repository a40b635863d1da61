/** The machine in a sentence. Apart from `machine.ts` so that the report needs no system. */

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Milliseconds that writing and syncing 4 KiB takes in the folder of the measurements. */
  readonly syncedWrite: number;
  /** Program → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Average of processes that wanted to run in the minute before: what else the machine did. */
  readonly load: number;
}

export function machineText(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.kernel}; ` +
    `${versions.join(", ")}; writing and syncing 4 KiB takes ` +
    `${machine.syncedWrite.toFixed(2)} ms; load ${machine.load.toFixed(1)} at the start`;
}
