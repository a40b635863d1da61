/**
 * The folder `~/.funcx`: where it is, and every path directly under it. Apart from `home.ts` because
 * each command needs it at its start and few need the schemas.
 */
import { FuncxError } from "./errors.ts";
import { isAbsolute, join, resolve } from "../lib/path.ts";

/** Every path directly under the folder; built once in each process and handed down. */
export class FuncxHome {
  /** Absolute. */
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** Where profiles live: `<root>/<name>/config.ts`. */
  endpointFolder(name: string): string {
    return join(this.root, name);
  }

  profileFile(name: string): string {
    return join(this.endpointFolder(name), "config.ts");
  }

  /** What the endpoint was registered as; see `RegistrationFileSchema`. */
  registrationFile(name: string): string {
    return join(this.endpointFolder(name), "endpoint.json");
  }

  /** Names the process that serves the endpoint, on whichever host. */
  agentLockFile(name: string): string {
    return join(this.endpointFolder(name), "agent.lock");
  }

  /** Which service and token the client commands and a starting agent use. */
  get loginFile(): string {
    return join(this.root, "login.json");
  }

  get serviceFolder(): string {
    return join(this.root, RESERVED_NAMES.service);
  }

  /** Large arguments and results of the private service; see `blob_hand_over.ts`. */
  get blobFolder(): string {
    return join(this.serviceFolder, "blobs");
  }

  /** Written by a running private service, removed when it stops. */
  get serviceStateFile(): string {
    return join(this.serviceFolder, "state.json");
  }

  get profileTypesFile(): string {
    return join(this.root, "profile.d.ts");
  }
}

/** Folders under the root that are not profiles; an endpoint cannot have such a name. */
export const RESERVED_NAMES = { service: "service" } as const;

/** By `--config-dir`, else `FUNCX_USER_DIR`, else `~/.funcx`. */
export function funcxHome(options: {
  readonly configDir?: string;
  readonly env: (name: string) => string | undefined;
}): FuncxHome {
  const named = options.configDir ?? options.env("FUNCX_USER_DIR");
  if (named !== undefined && named !== "") return new FuncxHome(named);
  const home = options.env("HOME");
  if (home === undefined || !isAbsolute(home)) {
    throw new FuncxError({
      code: "DIRECTORY_UNUSABLE",
      message: "HOME is not set, so there is no ~/.funcx",
      hint: "Name a folder with --config-dir or FUNCX_USER_DIR.",
    });
  }
  return new FuncxHome(join(home, ".funcx"));
}

/** Same characters as funcX; also a folder's name, so no slash and no leading dot. */
const ENDPOINT_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export function isEndpointName(name: string): boolean {
  return ENDPOINT_NAME.test(name) && !Object.values<string>(RESERVED_NAMES).includes(name);
}
