/**
 * The program: runs the command line and ends with its exit code. The hidden word `worker` makes it
 * a worker process of a manager instead, which loads nothing of the commands; measured, a worker
 * before its first task takes 50 MB with the code cache warm. The version is told without them too.
 */
if (Deno.args.length === 1 && Deno.args[0] === "worker") {
  const { runWorker } = await import("./src/cli/worker.ts");
  await runWorker();
}
if (Deno.args.length === 1 && Deno.args[0] === "--version") {
  const { tellVersion } = await import("./src/cli/tell_version.ts");
  Deno.exit(tellVersion());
}
const { runCli } = await import("./src/cli/app.ts");
Deno.exit(await runCli(Deno.args));
