/** Narrow enough for every terminal, and to be read well. */
const WIDTH = 80;

/** The text in lines of at most 80 characters; lines that begin with a space stay as they are. */
export function wrapped(text: string): string {
  return text.split("\n").map((line) => line.startsWith(" ") ? line : wrapLine(line)).join("\n");
}

/** Lines of at most 80 characters that all begin with so many spaces. */
export function wrappedLines(text: string, indent: number): string[] {
  return wrapLine(text, WIDTH - indent).split("\n").map((line) => " ".repeat(indent) + line);
}

function wrapLine(line: string, width = WIDTH): string {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === "" ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].join("\n");
}
