import { assertEquals, assertTrue } from "../lib/assert.ts";
import { resolveContainer } from "./container.ts";
import { checkProfile } from "./problems.ts";

/** Keys of the problems that a profile with this container has. */
function problemsOf(container: unknown): string[] {
  const checked = checkProfile({ executor: { container } }, "");
  return "problems" in checked ? checked.problems.map(({ key }) => key) : [];
}

Deno.test("a container is a program and an image, and defaults to no images of functions", () => {
  const checked = checkProfile(
    { executor: { container: { type: "podman", image: "docker.io/library/python:3.12" } } },
    "",
  );
  assertTrue("profile" in checked);
  assertEquals(resolveContainer(checked.profile.executor?.container), {
    type: "podman",
    image: "docker.io/library/python:3.12",
    options: [],
    command: [],
    mount: [],
    allow: [],
  });
  assertEquals(resolveContainer(undefined), null);
});

Deno.test("what is wrong with a container is said of its key", () => {
  const image = "python";
  const cases: [unknown, string[]][] = [
    [{ type: "podman", allow: ["*"] }, []],
    [{ image }, ["executor.container.type"]],
    [{ type: "rkt", image }, ["executor.container.type"]],
    [{ type: "podman", image: "--privileged" }, ["executor.container.image"]],
    [{ type: "podman", image: "a b" }, ["executor.container.image"]],
    [{ type: "podman", options: "--x" }, ["executor.container.options"]],
    [{ type: "podman", options: ["a\0"] }, ["executor.container.options.0"]],
    [{ type: "podman", command: ["x"] }, ["executor.container.command"]],
    [{ type: "podman", mount: ["x"] }, ["executor.container.mount"]],
    [{ type: "custom", image }, ["executor.container.command"]],
    [{ type: "custom", command: ["w", "{command}"] }, ["executor.container.command"]],
    [{ type: "custom", command: ["w", "{image}", "x{command}"] }, ["executor.container.command"]],
    [{ type: "custom", command: ["w", "--root={image}", "{command}"], mount: ["-b"] }, []],
  ];
  for (const [container, keys] of cases) assertEquals(problemsOf(container), keys);
});
