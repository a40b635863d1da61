/**
 * Ads of `condor_q -json -attributes …` and `condor_history -json`, with attributes and numbers as
 * the HTCondor manual has them in "Job ClassAd Attributes".
 */
type Ad = Readonly<Record<string, unknown>>;

export const HTCONDOR = {
  idle: (cluster: number, process = 0): Ad => ({
    ClusterId: cluster,
    ProcId: process,
    JobStatus: 1,
    ServerTime: 1794823440,
  }),
  running: (cluster: number, process = 0): Ad => ({
    ClusterId: cluster,
    ProcId: process,
    JobStatus: 2,
    RemoteHost: `slot1_${process + 1}@node${process}.example.org`,
    ServerTime: 1794823440,
  }),
  held: (cluster: number): Ad => ({
    ClusterId: cluster,
    ProcId: 0,
    JobStatus: 5,
    HoldReason:
      "Error from slot1@node0: Failed to execute '/home/ada/bin/x': (errno=2: 'No such file')",
  }),
  removed: (cluster: number): Ad => ({
    ClusterId: cluster,
    ProcId: 0,
    JobStatus: 3,
    RemoveReason: "via condor_rm (by user ada)",
  }),
  overdue: (cluster: number): Ad => ({
    ClusterId: cluster,
    ProcId: 0,
    JobStatus: 3,
    RemoveReason:
      "The job attribute PeriodicRemove expression '(NumJobStarts > 1) || …' evaluated to TRUE",
  }),
  completed: (cluster: number, code = 0): Ad => ({
    ClusterId: cluster,
    ProcId: 0,
    JobStatus: 4,
    ExitBySignal: false,
    ExitCode: code,
  }),
};

export function adsText(ads: readonly Ad[]): string {
  return ads.length === 0
    ? ""
    : `[\n${ads.map((ad) => JSON.stringify(ad, null, 2)).join(",\n")}\n]\n`;
}
