/** What a task writes, as it writes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { saveText } from "../widgets/save.ts";
import { bytesText } from "../widgets/units.ts";
import type { OutputStream } from "./output_stream.ts";
import { lastBlocks, type TextBlock } from "./terminal_text.ts";

/** What is in the page until somebody asks for all of it. */
const SHOWN_CHARACTERS = 100_000;
/** Pixels from the end within which a reader counts as being at it. */
const AT_END = 24;

export interface OutputProps {
  /** Such as `stdout`. */
  readonly name: string;
  readonly stream: OutputStream;
  /** Changes whenever the stream does. */
  readonly version: number;
  /** Of the file that it can be saved as. */
  readonly fileName: string;
}

export function Output({ name, stream, version, fileName }: OutputProps): ComponentChildren {
  const all = useSignal(false);
  const { text } = stream;
  const blocks = all.value ? text.blocks : lastBlocks(text.blocks, SHOWN_CHARACTERS);
  const hidden = text.blocks.length - blocks.length;
  return (
    <section class="output" aria-label={name}>
      <header>
        <h3>{name}</h3>
        <span class="muted small">{noteOf(stream)}</span>
        {hidden > 0 && (
          <button type="button" class="small" onClick={() => all.value = true}>
            {english.tasks.output.all(bytesText(text.characters))}
          </button>
        )}
        {!text.isEmpty && (
          <button
            type="button"
            class="small"
            onClick={() => saveText(fileName, stream.raw)}
          >
            {english.tasks.output.save}
          </button>
        )}
      </header>
      {!text.isEmpty && <Lines name={name} blocks={blocks} tail={text.tail} version={version} />}
    </section>
  );
}

function noteOf({ text }: OutputStream): string {
  if (text.isEmpty) return english.tasks.output.empty;
  return text.dropped > 0
    ? english.tasks.output.dropped(bytesText(text.characters), bytesText(text.dropped))
    : "";
}

interface LinesProps {
  readonly name: string;
  readonly blocks: readonly TextBlock[];
  readonly tail: string;
  readonly version: number;
}

/** It follows the end until the reader goes away from it. */
function Lines({ name, blocks, tail, version }: LinesProps): ComponentChildren {
  const box = useRef<HTMLDivElement>(null);
  const following = useSignal(true);
  useLayoutEffect(() => {
    if (following.value && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [version, blocks.length, following.value]);
  useEffect(() => {
    const element = box.current!;
    const scrolled = (): void => {
      const left = element.scrollHeight - element.scrollTop - element.clientHeight;
      following.value = left < AT_END;
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => element.removeEventListener("scroll", scrolled);
  }, []);
  return (
    <div class="output-lines">
      <div ref={box} role="region" aria-label={english.tasks.output.lines(name)} tabIndex={0}>
        {blocks.map((block) => <Block key={block.id} block={block} />)}
        <pre>{tail}</pre>
      </div>
      {!following.value && (
        <button
          type="button"
          class="small"
          onClick={() => following.value = true}
        >
          {english.tasks.output.toEnd}
        </button>
      )}
    </div>
  );
}

function Block({ block }: { readonly block: TextBlock }): ComponentChildren {
  if (block.kind === "lines") return <pre>{block.text}</pre>;
  return <p class="gap">{english.tasks.output.gap(bytesText(block.bytes))}</p>;
}
