/** A browser that is signed in to a `ServiceFixture`: the halves of its session, and the headers. */
import { SESSION_HEADER } from "../../contract/api.ts";
import { assertEquals } from "../../lib/assert.ts";
import type { Answered, ServiceFixture } from "./service_fixture.ts";

export interface Browser {
  readonly sessionId: string;
  readonly key: string;
  /** `name=value`. */
  readonly cookie: string;
  /** What its own page's requests have. */
  readonly headers: Readonly<Record<string, string>>;
}

export async function makeCode(
  service: ServiceFixture,
  token: string,
  body: Record<string, unknown> = {},
): Promise<string> {
  const made = await service.call("POST", "/v3/codes", {
    token,
    body: { purpose: "session", ...body },
  });
  assertEquals(made.status, 200);
  return made.body.code;
}

/** Signs in with a one-time code that `token` has made. */
export async function signIn(service: ServiceFixture, token: string): Promise<Browser> {
  const code = await makeCode(service, token);
  return browserOf(await service.call("POST", "/v3/session", { body: { code } }));
}

export function browserOf({ status, headers, body }: Answered): Browser {
  assertEquals(status, 200);
  const cookie = headers.get("set-cookie")!.split(";")[0]!;
  return {
    sessionId: body.token_id,
    key: body.key,
    cookie,
    headers: { cookie, [SESSION_HEADER]: body.key, "sec-fetch-site": "same-origin" },
  };
}
