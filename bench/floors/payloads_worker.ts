/**
 * A bare worker: reads the JSON of each file that a line of stdin names, writes it to another file,
 * `.result` behind, and prints a line. One file at a time, so a chunk of stdin is a line.
 */
const decoder = new TextDecoder();
const encoder = new TextEncoder();

for await (const chunk of Deno.stdin.readable) {
  const path = decoder.decode(chunk).trimEnd();
  const values = JSON.parse(decoder.decode(Deno.readFileSync(path)));
  Deno.writeFileSync(`${path}.result`, encoder.encode(JSON.stringify(values)), { mode: 0o600 });
  await Deno.stdout.write(encoder.encode("\n"));
}
