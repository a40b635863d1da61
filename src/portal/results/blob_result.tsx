/** A result that the service keeps beside the task: fetched at once when it is small enough. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { BlobReference } from "../../contract/blob_reference.ts";
import { client } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { bytesText } from "../widgets/units.ts";
import { saveBlob } from "../widgets/save.ts";
import { fileName } from "./file_name.ts";
import { MAX_PARSED } from "./read_result.ts";
import { ResultView } from "./result_view.tsx";

export interface BlobResultProps {
  readonly buffer: string;
  readonly blob: BlobReference;
  readonly name: string;
}

/** Bytes that a page fetches to show them; more go into a file. */
const MAX_SHOWN = 256 * 1024 * 1024;

export function BlobResult({ buffer, blob, name }: BlobResultProps): ComponentChildren {
  const wanted = useSignal(blob.size <= MAX_PARSED);
  useEffect(() => {
    wanted.value = blob.size <= MAX_PARSED;
  }, [blob.sha256]);
  if (wanted.value) return <FetchedResult buffer={buffer} blob={blob} name={name} />;
  const { large, fetch, downloadAll } = english.results;
  return (
    <>
      <p class="hint-box">{large(bytesText(blob.size))}</p>
      <div class="result-actions">
        {blob.size <= MAX_SHOWN && (
          <button
            type="button"
            class="small"
            onClick={() => wanted.value = true}
          >
            {fetch}
          </button>
        )}
        <button
          type="button"
          class="small"
          onClick={() => void attempt(() => downloadBuffer(buffer, name))}
        >
          {downloadAll}
        </button>
      </div>
    </>
  );
}

function FetchedResult({ buffer, blob, name }: BlobResultProps): ComponentChildren {
  // Its name is its hash: once it is there, it needs not be asked for again.
  const fetched = useRef({ sha256: "", result: "" });
  const loading = useLoaded(blob.sha256, async (signal) => {
    if (fetched.current.sha256 === blob.sha256) return fetched.current.result;
    const task = await client.blobs.withResult({ task_id: name, result: buffer }, { signal });
    fetched.current = { sha256: blob.sha256, result: task.result ?? "" };
    return fetched.current.result;
  });
  return <Shown of={loading}>{(result) => <ResultView buffer={result} name={name} />}</Shown>;
}

/** The bytes pass through in chunks; what of them is the header is left out. */
async function downloadBuffer(buffer: string, name: string): Promise<void> {
  const chunks = client.blobs.resultChunks({ task_id: name, result: buffer });
  const parts: Blob[] = [];
  for await (const chunk of chunks ?? []) parts.push(new Blob([chunk]));
  const whole = new Blob(parts);
  const isJson = (await whole.slice(0, HEADER).text()).startsWith("11");
  saveBlob(fileName(name, isJson ? "json" : "txt"), whole.slice(HEADER));
}

/** Bytes before the body of a buffer. */
const HEADER = 3;
