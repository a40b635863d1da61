/**
 * Command lines of container programs. Pure.
 *
 * What is inside differs from program to program; what each call asks of all is that some folders are
 * there under the same path as outside, and that standard streams and variables come through. Options
 * are those of each program's own manual: podman-run(1), `docker run --help`, `apptainer exec --help`,
 * `singularity exec --help`, ch-run(1), `shifter --help`.
 */
import type { ResolvedContainer } from "../../../profile/container.ts";

/** A folder that is seen inside under the same path. */
export interface MountedFolder {
  readonly path: string;
  readonly writable: boolean;
}

export interface ContainerCall {
  readonly container: ResolvedContainer;
  readonly image: string;
  /** Of the container, where the program names them; unlike that of any other. */
  readonly name: string;
  /** What containers of one manager are found by. */
  readonly managerId: string;
  readonly folders: readonly MountedFolder[];
  /** In which the command starts. */
  readonly folder: string;
  /** Names of variables that go inside, where that does not see all of them. */
  readonly variables: readonly string[];
  /** What is run inside. */
  readonly command: readonly string[];
  /** `UID:GID` of this process. */
  readonly user: string;
}

export const MANAGER_LABEL = "funcx.manager";

/** The words of the whole command line, the program first. */
export function containerCommand(call: ContainerCall): string[] {
  const { container: { type }, folders, folder, image, command } = call;
  const options = [...call.container.options];
  switch (type) {
    case "podman":
    case "docker":
      return [type, "run", ...engineOptions(call), ...options, ...entry(image, command)];
    case "apptainer":
    case "singularity":
      return [
        type,
        "exec",
        ...folders.flatMap(({ path, writable }) => [
          "--bind",
          `${path}:${path}:${writable ? "rw" : "ro"}`,
        ]),
        "--pwd",
        folder,
        ...options,
        image,
        ...command,
      ];
    case "charliecloud":
      return [
        "ch-run",
        ...folders.map(({ path }) => `--bind=${path}:${path}`),
        `--cd=${folder}`,
        ...options,
        image,
        "--",
        ...command,
      ];
    case "shifter":
      return [
        "shifter",
        `--image=${image}`,
        ...folders.map(({ path, writable }) => `--volume=${path}:${path}${writable ? "" : ":ro"}`),
        `--workdir=${folder}`,
        ...options,
        ...command,
      ];
    case "custom":
      return customCommand(call);
  }
}

function engineOptions(call: ContainerCall): string[] {
  const { container: { type }, name, managerId, folders, folder, variables, user } = call;
  return [
    "--rm",
    `--name=${name}`,
    `--label=${MANAGER_LABEL}=${managerId}`,
    // Where podman has no daemon, root inside is whoever started it.
    ...(type === "docker" ? [`--user=${user}`] : []),
    ...folders.map(({ path, writable }) =>
      `--mount=type=bind,source=${path},target=${path}${writable ? "" : ",readonly"}`
    ),
    `--workdir=${folder}`,
    // Without a value, which everybody on the machine could read: it is taken from the environment.
    ...variables.map((variable) => `--env=${variable}`),
  ];
}

/** Whatever the image would start by itself is left out. */
function entry(image: string, [program, ...args]: readonly string[]): string[] {
  return [`--entrypoint=${program}`, image, ...args];
}

function customCommand({ container, image, folders, command }: ContainerCall): string[] {
  return container.command.flatMap((word) => {
    switch (word) {
      case "{command}":
        return command;
      case "{options}":
        return container.options;
      case "{mounts}":
        return folders.flatMap(({ path }) =>
          container.mount.map((part) => part.replaceAll("{folder}", path))
        );
      default:
        return [word.replaceAll("{image}", image)];
    }
  });
}

/** Whether the path can stand where the programs separate what belongs to a mount. */
export function canBeMounted(path: string): boolean {
  return !/[:,\n]/.test(path);
}
