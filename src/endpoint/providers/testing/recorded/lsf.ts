/**
 * Lines of `bjobs -noheader -o`, with the fields as the IBM Spectrum LSF 10.1 command reference
 * explains them in "bjobs" and the reasons of its "bacct".
 */
export const LSF = {
  queued: (id: string): string =>
    `${id}|PEND|-|-|-|Job's requirements for resource reservation not satisfied: 4 hosts; a|b;`,
  suspended: (id: string): string =>
    `${id}|PSUSP|-|-|-|The job was suspended by the user while pending;`,
  running: (id: string): string => `${id}|RUN|-|16*hostA:16*hostB|-|-`,
  done: (id: string): string => `${id}|DONE|-|16*hostA|-|-`,
  failed: (id: string): string => `${id}|EXIT|3|16*hostA|-|-`,
  killed: (id: string): string => `${id}|EXIT|130|16*hostA|TERM_OWNER: job killed by owner|-`,
  timedOut: (id: string): string =>
    `${id}|EXIT|140|16*hostA|TERM_RUNLIMIT: job killed after reaching LSF run time limit|-`,
  lost: (id: string): string => `${id}|UNKWN|-|16*hostA|-|-`,
};
