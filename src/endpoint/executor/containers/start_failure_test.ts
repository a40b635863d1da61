import { assertEquals, assertMatch } from "../../../lib/assert.ts";
import { containerNotStarted } from "./start_failure.ts";

function hintOf(how: string, lastWords: string, inside = "python3"): string {
  return containerNotStarted({ program: "podman", image: "a/b:1", inside, how, lastWords }).hint!;
}

Deno.test("a container that does not start is told of with the program's last words", () => {
  const error = containerNotStarted({
    program: "podman",
    image: "a/b:1",
    inside: "python3",
    how: "exit code 125",
    lastWords: "Trying to pull a/b:1...\nError: no route to host\n\n",
  });
  assertEquals(
    error.message,
    "the container does not start (podman with a/b:1: exit code 125): Error: no route to host",
  );
  assertEquals(error.code, "CouldNotExecuteUserTaskError");
});

Deno.test("the mend follows from the words of each program", () => {
  const code = "exit code 125";
  // Of podman 4.3, apptainer 1.2, Docker 28, ch-run 0.31, bubblewrap 0.8 and dash.
  const cases: [string, RegExp][] = [
    ["/bin/sh: 2: exec: podman: not found", /^Install podman/],
    [
      "Error: initializing source docker://a/b:1: reading manifest 1: manifest unknown",
      /^See that a\/b/,
    ],
    ['Error: short-name "b" did not resolve to an alias', /^Check executor\.container/],
    ["FATAL:   could not open image /a.sif: no such file or directory", /^See that a\/b/],
    ["ch-run[1]: error: can't stat: a: No such file or directory", /^See that a\/b/],
    [
      "docker: Error response from daemon: pull access denied for a, repository does not exist or may " +
      "require 'docker login': denied: requested access to the resource is denied",
      /^Log in/,
    ],
    [
      "docker: permission denied while trying to connect to the Docker daemon socket",
      /^See that this/,
    ],
    ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", /^See that this/],
    ["bwrap: setting up uid map: Permission denied", /^See that this/],
    [
      "Error: crun: executable file `python3` not found in $PATH: No such file or directory",
      /^The image/,
    ],
    ['FATAL:   "python3": executable file not found in $PATH', /^The image/],
  ];
  for (const [words, hint] of cases) assertMatch(hintOf(code, words), hint);
  assertMatch(hintOf("spawn podman ENOENT", ""), /^Install podman/);
});
