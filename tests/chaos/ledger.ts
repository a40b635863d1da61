/**
 * The ledger: a file to which every attempt appends a line when it begins and when its work is done,
 * and the harness one before each fault. The order of its lines is the order of what happened, by no
 * clock at all.
 */

export type LedgerLine =
  | { readonly kind: "begun" | "done"; readonly key: string }
  /** Attempts may be lost between the two lines of one `id`: a worker or the agent dies. */
  | { readonly kind: "harm" | "harmed"; readonly id: string }
  | { readonly kind: "fault"; readonly what: string };

export class Ledger {
  #harms = 0;

  constructor(readonly path: string) {
    Deno.writeTextFileSync(path, "", { createNew: true, mode: 0o600 });
  }

  note(what: string): void {
    this.#append(`F ${what}`);
  }

  /** Attempts may be lost from now on, until what it returns is called. */
  harm(): () => void {
    const id = ++this.#harms;
    this.#append(`H ${id}`);
    return () => this.#append(`h ${id}`);
  }

  read(): LedgerLine[] {
    return parseLedger(Deno.readTextFileSync(this.path));
  }

  #append(line: string): void {
    Deno.writeTextFileSync(this.path, `${line}\n`, { append: true });
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
        return { kind: "harm", id: rest };
      case "h ":
        return { kind: "harmed", id: rest };
      case "F ":
        return { kind: "fault", what: rest };
      default:
        throw new Error(`the ledger has the line ${JSON.stringify(line)}`);
    }
  });
}
