/** The private service of a scratch home, asked over HTTP as any client would. */
import type { EndpointRecord, EndpointRegistration } from "../../src/contract/api.ts";
import type { TestEnv } from "./test_env.ts";

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export class ServiceUnderTest {
  readonly url: string;
  readonly token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  static async start(env: TestEnv): Promise<ServiceUnderTest> {
    await env.ok(["service", "start"]);
    return await ServiceUnderTest.of(env);
  }

  /** Of one that runs. */
  static async of(env: TestEnv): Promise<ServiceUnderTest> {
    const { url } = await env.json<{ url: string }>(["service", "status"]);
    const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
    return new ServiceUnderTest(url, token);
  }

  /** With the token, and JSON as content type, unless `init` says otherwise. */
  async request(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers({
      authorization: `Bearer ${this.token}`,
      "content-type": "application/json",
    });
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    const answer = await fetch(`${this.url}${path}`, { ...init, method, headers });
    const text = await answer.text();
    let body = {};
    try {
      body = JSON.parse(text);
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
    }
    return { status: answer.status, body, text };
  }

  async post(path: string, body: unknown): Promise<Answer> {
    return await this.request("POST", path, { body: JSON.stringify(body) });
  }

  async registerEndpoint(name = "fake"): Promise<EndpointRegistration> {
    const { body } = await this.post("/v3/endpoints", { endpoint_name: name });
    return body as unknown as EndpointRegistration;
  }

  async endpoints(): Promise<EndpointRecord[]> {
    const { body } = await this.request("GET", "/v3/endpoints");
    return body.items as EndpointRecord[];
  }

  /** The id of a shell function that prints nothing. */
  async registerFunction(): Promise<string> {
    const code = "sh\nnothing:true";
    const { body } = await this.post("/v3/functions", {
      function_name: "nothing",
      function_code: `${code.length}\n${code}`,
    });
    return String(body.function_uuid);
  }
}
