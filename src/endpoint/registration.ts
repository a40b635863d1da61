/**
 * Making the endpoint known to its service. Each start registers again under the same id, so that
 * the service has the profile as it is now; the endpoint's token is a new one then. An id that the
 * service does not know any more, or that is another user's, is replaced by a new one.
 */
import * as v from "valibot";
import { EndpointRegistrationSchema, pathOf, type Route, ROUTES } from "../contract/api.ts";
import type { RegisterEndpoint } from "../contract/api.ts";
import { ERROR_KINDS, isErrorCode } from "../contract/errors.ts";
import type { RegistrationFile } from "../contract/home.ts";
import { REQUEST_TIMEOUT } from "../contract/limits.ts";
import { untrustedFailure } from "../contract/untrusted.ts";
import { logger } from "../lib/log.ts";
import { type Failure, fatal, messageOf, ok, type Outcome, retryable } from "../lib/outcome.ts";
import { fetchTrusting } from "../lib/trusting_fetch.ts";
import type { ResolvedProfile } from "../profile/schema.ts";
import type { ServiceAddress } from "./service_address.ts";

const log = logger("agent", "registration");

/** What is told of the machine; shown, never interpreted. */
export type EndpointMetadata = Readonly<Record<string, unknown>>;

/** One user at one service. */
export interface Registrar {
  readonly service: ServiceAddress;
  /** The user's. */
  readonly token: string;
}

export function registrationBody(
  profile: ResolvedProfile,
  metadata: EndpointMetadata,
): RegisterEndpoint {
  return {
    endpoint_name: profile.name,
    display_name: profile.displayName,
    description: profile.description,
    public: profile.public,
    allowed_functions: profile.allowedFunctions === null ? null : [...profile.allowedFunctions],
    metadata: { ...metadata },
  };
}

/** Under `endpointId` when the service takes that, else under a new id. */
export async function register(
  registrar: Registrar,
  body: RegisterEndpoint,
  endpointId: string | undefined,
): Promise<Outcome<RegistrationFile>> {
  if (endpointId !== undefined) {
    const again = await registerAgain(registrar, body, endpointId);
    if (again.kind === "ok" || !isForeign(again.failure)) return again;
    log.warning("{endpoint_id} is not ours at {service}: {message}; registering anew", {
      endpoint_id: endpointId,
      service: registrar.service.url,
      message: again.failure.message,
    });
  }
  return await send(registrar, ROUTES.registerEndpoint, {}, body);
}

/** Under this id or not at all. */
export async function registerAgain(
  registrar: Registrar,
  body: RegisterEndpoint,
  endpointId: string,
): Promise<Outcome<RegistrationFile>> {
  return await send(registrar, ROUTES.updateEndpoint, { endpoint_id: endpointId }, body);
}

function isForeign(failure: Failure): boolean {
  return ["ENDPOINT_NOT_FOUND", "ENDPOINT_ACCESS_FORBIDDEN", "ENDPOINT_ALREADY_REGISTERED"]
    .includes(failure.code);
}

async function send(
  { service, token }: Registrar,
  route: Route,
  parameters: Record<string, string>,
  body: RegisterEndpoint,
): Promise<Outcome<RegistrationFile>> {
  let response: Response;
  let text: string;
  try {
    response = await fetchTrusting(service.ca)(service.url + pathOf(route, parameters), {
      method: route.method,
      headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    });
    text = await response.text();
  } catch (thrown) {
    return retryable(
      untrustedFailure(service.url, thrown) ?? unreachable(service.url, messageOf(thrown)),
    );
  }
  return response.ok ? accepted(service, text) : refused(service, response.status, text);
}

function accepted(service: ServiceAddress, text: string): Outcome<RegistrationFile> {
  const parsed = v.safeParse(EndpointRegistrationSchema, parseJson(text));
  if (!parsed.success) {
    return fatal(unreachable(service.url, "its answer to a registration is not understood"));
  }
  const { endpoint_id, forwarder_url, endpoint_token, warnings } = parsed.output;
  for (const warning of warnings) log.warning("the service says: {warning}", { warning });
  return ok({
    endpoint_id,
    service_url: service.url,
    forwarder_url,
    endpoint_token,
    ...(service.service_id === undefined ? {} : { service_id: service.service_id }),
    ...(service.proof_key === undefined ? {} : { proof_key: service.proof_key }),
    ...(service.ca === undefined ? {} : { ca: service.ca }),
  });
}

function refused(service: ServiceAddress, status: number, text: string): Outcome<RegistrationFile> {
  const body = (parseJson(text) ?? {}) as { code?: unknown; reason?: unknown; hint?: unknown };
  if (typeof body.code !== "string" || !isErrorCode(body.code)) {
    const failure = unreachable(service.url, `it answered ${status} to a registration`);
    return status >= 500 ? retryable(failure) : fatal(failure);
  }
  const failure: Failure = {
    code: body.code,
    message: typeof body.reason === "string" ? body.reason : `${service.url} answered ${status}`,
    ...(typeof body.hint === "string" ? { hint: body.hint } : {}),
  };
  return ERROR_KINDS[body.code].retryable ? retryable(failure) : fatal(failure);
}

function unreachable(url: string, reason: string): Failure {
  return {
    code: "SERVICE_UNAVAILABLE",
    message: `the service at ${url} cannot be used: ${reason}`,
    hint: "Check the address and the network with `funcx-endpoint doctor`.",
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
