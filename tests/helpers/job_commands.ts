/** Commands of the provider `exec` for a scheduler that is this machine. */

/** Runs a script in a session of its own, and tells the session when it is certainly that. */
const SUBMIT = `setsid sh -c 'echo $$ > "$0.pid"; exec sh "$0"' "$1" > "$2" 2>&1 < /dev/null &
while ! [ -s "$1.pid" ]; do sleep 0.01; done
cat "$1.pid"`;

/** A job is a process group. */
export const JOBS = {
  submit: [
    "sh",
    "-c",
    SUBMIT,
    "sh",
    "{script}",
    "{output}",
  ],
  status: [
    "sh",
    "-c",
    // A zombie does not run.
    `for job; do grep -qs '^State:.[^ZX]' "/proc/$job/status" && echo "$job running"; done; true`,
    "sh",
    "{jobs}",
  ],
  cancel: ["sh", "-c", 'for job; do kill -TERM "-$job"; done; true', "sh", "{jobs}"],
};
