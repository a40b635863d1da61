/**
 * The folder `~/.funcx` and the files in it that more than one process reads. The folder is 0700,
 * its files 0600. A profile's own folder is described by `endpoint/endpoint_dir.ts`.
 */
import * as v from "valibot";

export { FuncxHome, funcxHome, isEndpointName, RESERVED_NAMES } from "./home_folder.ts";

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
      /** The authority that signed its certificate, PEM, where the system does not know it. */
      ca: v.optional(v.string()),
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
  /** The authority that signed its certificate, PEM; see `login.json`. */
  ca: v.optional(v.string()),
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
  /** Of the service; that of `login.json`, where there is one, is newer. */
  ca: v.optional(v.string()),
});
export type RegistrationFile = v.InferOutput<typeof RegistrationFileSchema>;
