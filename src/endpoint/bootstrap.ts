/** The agent with the parts that it has on a real machine; the only place that chooses them. */
import { type ExitCode, FuncxError } from "../contract/errors.ts";
import { type AgentOptions, serveAgent, type StartExecutor } from "./agent.ts";
import { startLocalExecutor } from "./executor/local_executor.ts";

/**
 * Serves the endpoint until it is stopped, by its control socket, a signal, `signal` or its owner
 * through the service, and returns the exit code. Throws `FuncxError` when it cannot start, or
 * cannot go on.
 */
export async function runAgent(options: AgentOptions): Promise<ExitCode> {
  return await serveAgent(options, startExecutor);
}

const startExecutor: StartExecutor = (options) => {
  const { type } = options.executor.provider;
  if (type === "local") return startLocalExecutor(options);
  return Promise.reject(
    new FuncxError({
      code: "START_FAILED",
      message: `executor.provider.type is "${type}", and this version does not start blocks yet`,
      hint: 'Write provider: { type: "local" }, which runs workers on this machine.',
    }),
  );
};
