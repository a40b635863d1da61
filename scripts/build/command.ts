/** Running another program from a script. */

/** Its standard output. Throws with its standard error when it fails. */
export async function capture(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    ...options,
    args: [...args],
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`${program} ${args[0]} ended with ${code}: ${said}`);
}
