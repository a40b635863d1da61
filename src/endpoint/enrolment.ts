/**
 * How an agent stands with its service: registered in this start, or on the strength of an earlier
 * one while the service cannot be asked.
 */
import type { RegisterEndpoint } from "../contract/api.ts";
import { FuncxError, isErrorCode } from "../contract/errors.ts";
import type { RegistrationFile } from "../contract/home.ts";
import type { FuncxHome } from "../contract/home_folder.ts";
import { logger } from "../lib/log.ts";
import { type Failure, ok, type Outcome } from "../lib/outcome.ts";
import type { ServiceTarget } from "./blobs/service_blobs.ts";
import type { EndpointDir } from "./endpoint_dir.ts";
import type { DialTarget } from "./forwarder/ws_transport.ts";
import { register, registerAgain, type Registrar } from "./registration.ts";
import {
  chooseService,
  findService,
  forwarderAt,
  type ServiceAddress,
  userToken,
} from "./service_address.ts";

const log = logger("agent", "registration");

export interface EnrolmentOptions {
  readonly home: FuncxHome;
  readonly dir: EndpointDir;
  /** Base URL of the profile; null means that `login` or the private service decides. */
  readonly service: string | null;
  /** A file with the user's token, instead of the one that `login` keeps. */
  readonly tokenFile?: string;
  readonly body: RegisterEndpoint;
}

export class Enrolment {
  readonly #options: EnrolmentOptions;
  #registration: RegistrationFile;
  /** The service has heard of this start, or cannot be told for want of a user token. */
  #isCurrent: boolean;

  constructor(options: EnrolmentOptions, registration: RegistrationFile, isCurrent: boolean) {
    this.#options = options;
    this.#registration = registration;
    this.#isCurrent = isCurrent;
  }

  get registration(): RegistrationFile {
    return this.#registration;
  }

  /** Where to dial now; registers first when this start could not yet. */
  async target(): Promise<Outcome<DialTarget>> {
    const { home } = this.#options;
    const service = await findService(home, this.#registration);
    if (service.kind !== "ok") return service;
    if (!this.#isCurrent) {
      const caughtUp = await this.#catchUp(service.value);
      if (caughtUp.kind !== "ok") return caughtUp;
    }
    const { forwarder_url, endpoint_token } = this.#registration;
    const url = forwarderAt(forwarder_url, service.value);
    return ok({ url, token: endpoint_token, ca: service.value.ca });
  }

  /** The same for the REST API, once the link has been there. */
  async service(): Promise<Outcome<ServiceTarget>> {
    const service = await findService(this.#options.home, this.#registration);
    if (service.kind !== "ok") return service;
    const { url, ca, blobFolder } = service.value;
    return ok({ url, token: this.#registration.endpoint_token, ca, blobFolder });
  }

  /** Only under the same id, since spool and status carry it. */
  async #catchUp(service: ServiceAddress): Promise<Outcome<void>> {
    const { home, dir, body, tokenFile } = this.#options;
    const token = userToken(home, service, tokenFile);
    if (token !== undefined) {
      const id = this.#registration.endpoint_id;
      const again = await registerAgain({ service, token }, body, id);
      if (again.kind !== "ok") return again;
      dir.writeRegistration(again.value);
      this.#registration = again.value;
    }
    this.#isCurrent = true;
    return ok(undefined);
  }
}

/**
 * Registers, or falls back on `endpoint.json` when the service cannot be asked. Throws what makes
 * both impossible: `SERVICE_UNAVAILABLE`, `SERVICE_NOT_OURS`, `NOT_LOGGED_IN`, or what the service
 * says against it.
 */
export async function enrol(options: EnrolmentOptions): Promise<Enrolment> {
  const { home, dir, service: named, body, tokenFile } = options;
  const before = dir.readRegistration();
  const service = await chooseService(home, named);
  if (service.kind !== "ok") return fallBack(options, before, service.failure, false);
  const known = before !== undefined && isAt(before, service.value) ? before : undefined;
  const token = userToken(home, service.value, tokenFile);
  if (token === undefined) return fallBack(options, known, notLoggedIn(service.value), true);
  const registrar: Registrar = { service: service.value, token };
  const registered = await register(registrar, body, known?.endpoint_id);
  if (registered.kind !== "ok") {
    return fallBack(options, known, registered.failure, registered.kind === "fatal");
  }
  dir.writeRegistration(registered.value);
  return new Enrolment(options, registered.value, true);
}

/** @param isFinal asking again in this start would not help. */
function fallBack(
  options: EnrolmentOptions,
  before: RegistrationFile | undefined,
  failure: Failure,
  isFinal: boolean,
): Enrolment {
  if (before === undefined) throw errorOf(failure);
  log.warning("{message}; using the registration of an earlier start", { ...failure });
  return new Enrolment(options, before, isFinal);
}

function isAt(registration: RegistrationFile, service: ServiceAddress): boolean {
  return service.service_id === undefined
    ? registration.service_url === service.url
    : registration.service_id === service.service_id;
}

function notLoggedIn({ url }: ServiceAddress): Failure {
  return {
    code: "NOT_LOGGED_IN",
    message: `there is no token for the service ${url}`,
    hint: `Get one with \`funcx-endpoint login ${url}\`.`,
  };
}

function errorOf({ code, message, hint }: Failure): FuncxError {
  return new FuncxError({ code: isErrorCode(code) ? code : "START_FAILED", message, hint });
}
