/**
 * The folder `~/.funcx` and the files in it that more than one process reads. The folder is 0700,
 * its files 0600. A profile's own folder is described by `endpoint/endpoint_dir.ts`.
 */
import * as v from "valibot";
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

  /** Which service and token the client commands and a starting agent use. */
  get loginFile(): string {
    return join(this.root, "login.json");
  }

  get serviceFolder(): string {
    return join(this.root, RESERVED_NAMES.service);
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
    throw new Error("HOME is not set; name a folder with --config-dir or FUNCX_USER_DIR");
  }
  return new FuncxHome(join(home, ".funcx"));
}

/** Same characters as funcX; also a folder's name, so no slash and no leading dot. */
const ENDPOINT_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export function isEndpointName(name: string): boolean {
  return ENDPOINT_NAME.test(name) && !Object.values<string>(RESERVED_NAMES).includes(name);
}

/** `login.json`: written by `login` and by the private service for its own user. */
export const LoginSchema = v.object({
  /** Base URL of the service that client commands use; null after `logout`. */
  current: v.nullable(v.string()),
  /** By base URL. */
  services: v.record(
    v.string(),
    v.object({
      token: v.string(),
      user: v.optional(v.string()),
      /** Of a private service: its id and key, for the proof of `GET /v3/health?nonce=`. */
      service_id: v.optional(v.string()),
      proof_key: v.optional(v.string()),
    }),
  ),
});
export type Login = v.InferOutput<typeof LoginSchema>;

/** `service/state.json`: where the private service of this user listens. */
export const ServiceStateSchema = v.object({
  service_id: v.string(),
  /** Base URL without a slash at its end. */
  url: v.string(),
  /** Hexadecimal; whoever can read this file may ask for the proof. */
  proof_key: v.string(),
  hostname: v.string(),
  pid: v.number(),
  /** Start of the process in the kernel's ticks, so that a reused pid is not taken for it. */
  process_start: v.string(),
  boot_id: v.string(),
  socket: v.string(),
  software_version: v.string(),
  /** Milliseconds since 1970. */
  started_at: v.number(),
});
export type ServiceState = v.InferOutput<typeof ServiceStateSchema>;

/** `<name>/endpoint.json`: what an endpoint was registered as. */
export const RegistrationFileSchema = v.object({
  endpoint_id: v.string(),
  /** Base URL of the service that knows it. */
  service_url: v.string(),
  forwarder_url: v.string(),
  endpoint_token: v.string(),
  service_id: v.optional(v.string()),
  proof_key: v.optional(v.string()),
});
export type RegistrationFile = v.InferOutput<typeof RegistrationFileSchema>;
