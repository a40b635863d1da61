/** `/openapi.json`: OpenAPI 3.1, made from the route table and the schemas that check requests. */
import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import * as api from "../contract/api.ts";
import { BLOB_CHUNK_BYTES } from "../contract/limits.ts";
import { VERSION } from "../lib/version.ts";
import { FORM_TYPE } from "./http/media_type.ts";
import { bodyLimit } from "./routes/body_limits.ts";

type JsonObject = Record<string, unknown>;

/** Schemas that appear in several routes, under the names that the document gives them. */
const NAMED: Readonly<Record<string, v.GenericSchema>> = {
  Error: api.ErrorBodySchema,
  Version: api.VersionSchema,
  Health: api.HealthSchema,
  WhoAmI: api.WhoAmISchema,
  Stats: api.StatsSchema,
  RegisterFunction: api.RegisterFunctionSchema,
  Function: api.FunctionSchema,
  FunctionSummary: api.FunctionSummarySchema,
  RegisterEndpoint: api.RegisterEndpointSchema,
  EndpointRegistration: api.EndpointRegistrationSchema,
  GlobusRegistration: api.GlobusRegistrationSchema,
  Endpoint: api.EndpointSchema,
  EndpointStatus: api.EndpointStatusAnswerSchema,
  Submit: api.SubmitSchema,
  SubmitAnswer: api.SubmitAnswerSchema,
  TaskStatus: api.TaskStatusSchema,
  TaskSummary: api.TaskSummarySchema,
  TaskDetail: api.TaskDetailSchema,
  FinishedTask: api.FinishedTaskSchema,
  FinishedTasks: api.ResultsEventSchema,
  BlobUpload: api.BlobUploadSchema,
  CreateToken: api.CreateTokenSchema,
  Token: api.TokenSchema,
  CreatedToken: api.CreatedTokenSchema,
};

let cached: JsonObject | undefined;

/** Made at the first request for it and kept; it depends on nothing but the contract. */
export function openApiDocument(): JsonObject {
  return cached ??= buildDocument();
}

function buildDocument(): JsonObject {
  return {
    openapi: "3.1.0",
    info: {
      title: "funcX service",
      version: VERSION,
      description: "Register functions, run them on endpoints, and get their results.",
    },
    security: [{ token: [] }, { session_cookie: [], session_key: [] }],
    paths: paths(),
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "fx_ and 43 characters." },
        session_cookie: {
          type: "apiKey",
          in: "cookie",
          name: "funcx_session_PORT",
          description: "Of a browser that is signed in, by the port that it knows.",
        },
        session_key: { type: "apiKey", in: "header", name: api.SESSION_HEADER },
      },
      schemas: Object.fromEntries(
        Object.entries(NAMED).map(([name, schema]) => [name, converted(schema, "output", name)]),
      ),
    },
  };
}

function paths(): JsonObject {
  const all: Record<string, JsonObject> = {};
  for (const name of Object.keys(api.ROUTES) as api.RouteName[]) {
    const route: api.Route = api.ROUTES[name];
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    all[path] = { ...all[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return all;
}

function operation(name: api.RouteName, route: api.Route): JsonObject {
  return {
    operationId: name,
    summary: route.summary,
    ...(route.scope === null ? { security: [] } : { "x-scope": route.scope }),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(name)],
    ...(route.octets !== "body" ? {} : {
      requestBody: {
        required: true,
        description: `At most ${BLOB_CHUNK_BYTES} bytes.`,
        content: OCTETS,
      },
    }),
    ...(route.body === undefined ? {} : {
      requestBody: {
        required: true,
        description: `At most ${bodyLimit(name).bytes} bytes.`,
        content: route.form
          ? { [FORM_TYPE]: { schema: schemaOf(route.body, "input") } }
          : content(schemaOf(route.body, "input")),
      },
    }),
    responses: {
      ...answers(route),
      default: { description: "Anything else.", content: content(reference("Error")) },
    },
  };
}

function answers(route: api.Route): JsonObject {
  if (route.upgrade) return UPGRADED;
  if (route.octets === "answer") {
    return {
      200: { description: "All of it.", content: OCTETS },
      206: { description: "The range that was asked for.", content: OCTETS },
    };
  }
  const schema = schemaOf(route.answer, "output");
  return {
    200: {
      description: "Done.",
      content: route.stream ? { "text/event-stream": { schema } } : content(schema),
    },
  };
}

const UPGRADED: JsonObject = { 101: { description: "The link is open; see PROTOCOL.md." } };

const OCTETS: JsonObject = {
  "application/octet-stream": { schema: { type: "string", format: "binary" } },
};

function content(schema: JsonObject): JsonObject {
  return { "application/json": { schema }, [api.MSGPACK_TYPE]: { schema } };
}

function pathParameters({ path }: api.Route): JsonObject[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: name === "sha256"
      ? { type: "string", pattern: "^[0-9a-f]{64}$" }
      : { type: "string", format: "uuid" },
  }));
}

function queryParameters({ query }: api.Route): JsonObject[] {
  if (query === undefined) return [];
  const schema = converted(query, "input");
  const properties = schema.properties as Record<string, JsonObject>;
  const required = schema.required as string[] | undefined;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    required: required?.includes(name) ?? false,
    schema: property,
  }));
}

function headerParameters(name: api.RouteName): JsonObject[] {
  const header = name === "submit"
    ? api.IDEMPOTENCY_HEADER
    : name === "groupResults"
    ? "Last-Event-ID"
    : name === "getBlob"
    ? "Range"
    : undefined;
  return header === undefined
    ? []
    : [{ name: header, in: "header", required: false, schema: { type: "string" } }];
}

function schemaOf(schema: v.GenericSchema, side: "input" | "output"): JsonObject {
  const named = Object.entries(NAMED).find(([, known]) => known === schema);
  return named === undefined ? converted(schema, side) : reference(named[0]);
}

function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** JSON Schema in which the named schemas are references, but for `itself`, which is written out. */
function converted(schema: v.GenericSchema, side: "input" | "output", itself?: string): JsonObject {
  const config: ConversionConfig = {
    typeMode: side,
    errorMode: "ignore",
    target: "draft-2020-12",
    overrideSchema: ({ valibotSchema }) => {
      const named = Object.entries(NAMED).find(([, known]) => known === valibotSchema);
      return named === undefined || named[0] === itself ? undefined : reference(named[0]);
    },
  };
  const { $schema: _, ...rest } = toJsonSchema(schema, config) as JsonObject;
  return rest;
}
