/**
 * The ledger: a file to which every attempt appends a line when it begins and when its work is done,
 * and the harness one before each fault. The order of its lines is the order of what happened, by no
 * clock at all.
 */

export type LedgerLine =
  | { readonly kind: "begun" | "done"; readonly key: string }
  /** From here on attempts may be lost, since a worker or the agent is about to die. */
  | { readonly kind: "harm"; readonly what: string }
  | { readonly kind: "fault"; readonly what: string };

export class Ledger {
  constructor(readonly path: string) {
    Deno.writeTextFileSync(path, "", { createNew: true, mode: 0o600 });
  }

  note(kind: "harm" | "fault", what: string): void {
    const letter = kind === "harm" ? "H" : "F";
    Deno.writeTextFileSync(this.path, `${letter} ${what}\n`, { append: true });
  }

  read(): LedgerLine[] {
    return parseLedger(Deno.readTextFileSync(this.path));
  }
}

/** Throws for a line that nobody writes: lines of one `write` each cannot be mixed. */
export function parseLedger(text: string): LedgerLine[] {
  return text.split("\n").filter((line) => line !== "").map((line): LedgerLine => {
    const rest = line.slice(2);
    switch (line.slice(0, 2)) {
      case "B ":
        return { kind: "begun", key: rest };
      case "E ":
        return { kind: "done", key: rest };
      case "H ":
        return { kind: "harm", what: rest };
      case "F ":
        return { kind: "fault", what: rest };
      default:
        throw new Error(`the ledger has the line ${JSON.stringify(line)}`);
    }
  });
}
