/**
 * Where the service of an endpoint is at the moment. A private one is found through its state file,
 * since it may have moved to another port, and proves itself before any token goes there.
 */
import * as v from "valibot";
import {
  type Login,
  LoginSchema,
  type RegistrationFile,
  type ServiceState,
  ServiceStateSchema,
} from "../contract/home.ts";
import type { FuncxHome } from "../contract/home_folder.ts";
import { verifyService } from "../contract/service_proof.ts";
import { readIfPresent } from "../lib/files.ts";
import { standingOf } from "../lib/process_identity.ts";
import { type Failure, ok, type Outcome, retryable } from "../lib/outcome.ts";

/** A service that may be given a token. */
export interface ServiceAddress {
  /** Base URL without a slash at its end. */
  readonly url: string;
  /** Of a private service. */
  readonly service_id?: string;
  readonly proof_key?: string;
  /** The authority that signed its certificate, PEM, where the system does not know it. */
  readonly ca?: string;
  /** Of a private service on this machine: where its blobs are; see `blob_hand_over.ts`. */
  readonly blobFolder?: string;
}

/** The one that the profile names, else the one that `login` chose, else the private one. */
export async function chooseService(
  home: FuncxHome,
  named: string | null,
): Promise<Outcome<ServiceAddress>> {
  const login = readLogin(home);
  const url = named ?? login?.current ?? null;
  const known = url === null ? undefined : login?.services[url];
  if (url === null || (named === null && known?.proof_key !== undefined)) {
    return await findPrivateService(home);
  }
  if (known?.proof_key === undefined) return ok({ url, ca: known?.ca });
  const { service_id, proof_key, ca } = known;
  return await proven({ url, service_id, proof_key, ca });
}

/** Where the service that an endpoint is registered with is now. */
export async function findService(
  home: FuncxHome,
  registration: RegistrationFile,
): Promise<Outcome<ServiceAddress>> {
  const { service_url: url, service_id, proof_key } = registration;
  if (proof_key === undefined) {
    return ok({ url, ca: readLogin(home)?.services[url]?.ca ?? registration.ca });
  }
  const state = readServiceState(home);
  if (state === undefined || state.service_id !== service_id) return retryable(notRunning(home));
  return await provenHere(home, state);
}

/**
 * The token of this user at that service, from `tokenFile` or `login.json`; undefined when there is
 * none.
 */
export function userToken(
  home: FuncxHome,
  service: ServiceAddress,
  tokenFile?: string,
): string | undefined {
  if (tokenFile !== undefined) return readIfPresent(tokenFile)?.trim() || undefined;
  const services = readLogin(home)?.services ?? {};
  const known = services[service.url] ??
    Object.values(services).find((entry) =>
      service.service_id !== undefined && entry.service_id === service.service_id
    );
  return known?.token;
}

/** `forwarder_url` as the service gave it, with the address at which the service is now. */
export function forwarderAt(forwarderUrl: string, service: ServiceAddress): string {
  if (service.proof_key === undefined) return forwarderUrl;
  const url = new URL(forwarderUrl);
  url.host = new URL(service.url).host;
  return url.href;
}

async function findPrivateService(home: FuncxHome): Promise<Outcome<ServiceAddress>> {
  const state = readServiceState(home);
  return state === undefined ? retryable(notRunning(home)) : await provenHere(home, state);
}

/** The state file of a running service; one that a dead service left behind counts as none. */
function readServiceState(home: FuncxHome): ServiceState | undefined {
  const state = parseFile(home.serviceStateFile, ServiceStateSchema);
  return state === undefined || standingOf(state) === "gone" ? undefined : state;
}

async function provenHere(
  home: FuncxHome,
  state: ServiceState,
): Promise<Outcome<ServiceAddress>> {
  const host = new URL(state.url).hostname;
  const isLoopback = host === "localhost" || host === "[::1]" || host.startsWith("127.");
  const isElsewhere = standingOf(state) === "elsewhere";
  if (isLoopback && isElsewhere) {
    return retryable({
      code: "SERVICE_UNAVAILABLE",
      message: `the private service runs on ${state.hostname} and listens only there`,
      hint: `Start the endpoint on ${state.hostname}, or the service here.`,
    });
  }
  const { url, service_id, proof_key, ca } = state;
  const blobFolder = isElsewhere ? undefined : home.blobFolder;
  return await proven({ url, service_id, proof_key, ca, blobFolder });
}

async function proven(
  service: ServiceAddress & { readonly proof_key: string },
): Promise<Outcome<ServiceAddress>> {
  const verdict = await verifyService(service);
  return verdict.kind === "ok" ? ok(service) : verdict;
}

function notRunning(home: FuncxHome): Failure {
  return {
    code: "SERVICE_UNAVAILABLE",
    message: `the private service of ${home.root} does not run`,
    hint: "Start it with `funcx-endpoint service start`.",
  };
}

function readLogin(home: FuncxHome): Login | undefined {
  return parseFile(home.loginFile, LoginSchema);
}

function parseFile<T>(path: string, schema: v.GenericSchema<unknown, T>): T | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return undefined;
  }
}
