/** What a task returned. */
import type { ComponentChildren } from "preact";

export interface ResultViewProps {
  /** The result buffer of the task. */
  readonly buffer: string;
  /** Of the function, for the names of files. */
  readonly name: string;
}

export function ResultView({ buffer }: ResultViewProps): ComponentChildren {
  return (
    <div class="code">
      <pre tabIndex={0}>{buffer}</pre>
    </div>
  );
}
