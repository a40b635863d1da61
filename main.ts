/**
 * The program: runs the command line and ends with its exit code. The hidden word `worker` makes it
 * a worker process of a manager instead, which loads nothing of the commands; only a compiled
 * program is started so, the other forms run `worker_entry.ts`.
 */
if (Deno.args.length === 1 && Deno.args[0] === "worker") {
  const { runWorker } = await import("./src/cli/worker.ts");
  await runWorker();
}
const { runCli } = await import("./src/cli/app.ts");
Deno.exit(await runCli(Deno.args));
