/**
 * A bare worker: handles each file that a line of stdin names, and prints a line. One file at a time,
 * so a chunk of stdin is a line.
 */
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What a worker does for a large task: reads the JSON, and writes it to a file `.result` behind. */
export function echoFile(path: string): void {
  const values = JSON.parse(decoder.decode(Deno.readFileSync(path)));
  Deno.writeFileSync(`${path}.result`, encoder.encode(JSON.stringify(values)), { mode: 0o600 });
}

if (import.meta.main) {
  for await (const chunk of Deno.stdin.readable) {
    echoFile(decoder.decode(chunk).trimEnd());
    await Deno.stdout.write(encoder.encode("\n"));
  }
}
