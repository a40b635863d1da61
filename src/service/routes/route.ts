/** The types that join a route of the contract to the function that answers it. */
import type * as v from "valibot";
import type { Answer, RouteName, ROUTES } from "../../contract/api.ts";
import type { Caller } from "../auth/caller.ts";

type RouteOf<N extends RouteName> = (typeof ROUTES)[N];

/** The names of the `:name` parameters in a path. */
type ParameterOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterOf<Rest>
  : Path extends `${string}:${infer Name}` ? Name
  : never;

/** A request that was checked: whoever answers it sees only what the contract allows. */
export interface Call<N extends RouteName> {
  readonly caller: RouteOf<N>["scope"] extends null ? null : Caller;
  /** Ids in lower case. */
  readonly parameters: Readonly<Record<ParameterOf<RouteOf<N>["path"]>, string>>;
  readonly query: RouteOf<N> extends { query: infer Q extends v.GenericSchema } ? v.InferOutput<Q>
    : undefined;
  readonly body: RouteOf<N> extends { body: infer B extends v.GenericSchema } ? v.InferOutput<B>
    : undefined;
  /** The body as it came; empty for a route without one. */
  readonly bytes: Uint8Array;
  /** For headers, and for the signal that tells that the client went away. */
  readonly request: Request;
}

/** Routes that answer with a stream or an upgrade instead of a value. */
export type ResponseRoute =
  | "forwarder"
  | "relayAgent"
  | "relayManager"
  | "groupResults"
  | "followTask"
  | "live"
  | "signIn"
  | "signOut"
  | "getBlob"
  | "submitV2";

export type Reply<N extends RouteName> = N extends ResponseRoute ? Response : Answer<N>;

/** One function for each route; bad input is thrown as `FuncxError`. */
export type Handlers = {
  readonly [N in RouteName]: (call: Call<N>) => Reply<N> | Promise<Reply<N>>;
};
