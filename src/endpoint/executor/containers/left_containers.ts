/**
 * Containers that outlive what started them: those of podman and docker are no children of it. All of
 * one manager have its id as a label.
 */
import { MANAGER_LABEL } from "./command_line.ts";

export type ContainerEngine = "podman" | "docker";

export function isEngine(type: string): type is ContainerEngine {
  return type === "podman" || type === "docker";
}

/** Ends and removes them; @returns their ids. Where the engine does not answer there are none. */
export function removeLeftContainers(
  engine: ContainerEngine,
  managerId: string,
  environment: Readonly<Record<string, string>>,
): string[] {
  const filter = `label=${MANAGER_LABEL}=${managerId}`;
  const listed = run(engine, ["ps", "--all", "--quiet", `--filter=${filter}`], environment);
  const ids = listed.split(/\s+/).filter((id) => /^[0-9a-f]+$/.test(id));
  // Killed first: to remove one that runs, podman would ask it to end and wait.
  if (ids.length > 0) {
    run(engine, ["kill", ...ids], environment);
    run(engine, ["rm", "--force", ...ids], environment);
  }
  return ids;
}

function run(
  engine: ContainerEngine,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): string {
  try {
    const { stdout } = new Deno.Command(engine, {
      args: [...args],
      env,
      clearEnv: true,
      stdin: "null",
      stderr: "null",
    }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}
