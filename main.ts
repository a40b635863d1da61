/** The program: runs the command line and ends with its exit code. */
import { runCli } from "./src/cli/app.ts";

Deno.exit(await runCli(Deno.args));
