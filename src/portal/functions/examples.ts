/** Functions to begin with, by runtime. They say by example what arguments, output and results do. */
import type { Runtime } from "../../client/mod.ts";

export interface Example {
  readonly id: "hello" | "progress" | "series" | "table";
  readonly text: string;
}

const TYPESCRIPT: readonly Example[] = [
  {
    id: "hello",
    text: `export default function greet(name: string, times = 1): string {
  return Array(times).fill(\`Hello, \${name}!\`).join(" ");
}
`,
  },
  {
    id: "progress",
    text: `/** What is printed can be read while the task runs. */
export default async function countdown(from = 10): Promise<string> {
  for (let left = from; left > 0; left--) {
    console.log(\`\${left} to go\`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return "lift-off";
}
`,
  },
  {
    id: "series",
    text: `/** A list of numbers is shown as a plot. */
export default function wave(points = 200, cycles = 3, kind: "sine" | "square" = "sine"): number[] {
  return Array.from({ length: points }, (_, index) => {
    const value = Math.sin((2 * Math.PI * cycles * index) / points);
    return kind === "sine" ? value : Math.sign(value);
  });
}
`,
  },
  {
    id: "table",
    text: `/** A list of objects is shown as a table. */
export default function powers(upTo = 10): { n: number; square: number; cube: number }[] {
  return Array.from({ length: upTo }, (_, index) => {
    const n = index + 1;
    return { n, square: n ** 2, cube: n ** 3 };
  });
}
`,
  },
];

const PYTHON: readonly Example[] = [
  {
    id: "hello",
    text: `def greet(name: str, times: int = 1) -> str:
    import platform

    return " ".join([f"Hello, {name}!"] * times) + f" This is {platform.node()}."
`,
  },
  {
    id: "progress",
    text: `def countdown(start: int = 10) -> str:
    """What is printed can be read while the task runs."""
    import time

    for left in range(start, 0, -1):
        print(left, "to go", flush=True)
        time.sleep(0.5)
    return "lift-off"
`,
  },
  {
    id: "series",
    text:
      `def random_walk(steps: int = 500, drift: float = 0.05, seed: int | None = None) -> list[float]:
    """A list of numbers is shown as a plot."""
    import random

    generator = random.Random(seed)
    position, path = 0.0, []
    for _ in range(steps):
        position += generator.gauss(drift, 1)
        path.append(position)
    return path
`,
  },
  {
    id: "table",
    text: `def folder(path: str = ".") -> list[dict]:
    """A list of dicts is shown as a table."""
    import os

    return [
        {"name": entry.name, "bytes": entry.stat().st_size, "folder": entry.is_dir()}
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name)
    ]
`,
  },
];

const SHELL: readonly Example[] = [
  { id: "hello", text: "echo Hello, {name}, from $(hostname)\n" },
  {
    id: "progress",
    text: `# What is printed can be read while the task runs.
for left in $(seq {start} -1 1); do
  echo "$left to go"
  sleep 0.5
done
echo lift-off
`,
  },
  {
    id: "table",
    text: `# Braces that are no field are doubled.
df -k {folder} | awk '{{ print $1, $4 }}'
`,
  },
];

export const EXAMPLES: Readonly<Record<Runtime, readonly Example[]>> = {
  typescript: TYPESCRIPT,
  python: PYTHON,
  shell: SHELL,
};
