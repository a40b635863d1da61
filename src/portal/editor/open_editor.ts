/**
 * CodeMirror, set up for this portal; only ever imported dynamically. It stands in a shadow root:
 * there its style sheets are adopted, which the page's content security policy allows, instead of
 * inserted as elements.
 */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascriptLanguage, typescriptLanguage } from "@codemirror/lang-javascript";
import { pythonLanguage } from "@codemirror/lang-python";
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  LanguageSupport,
  StreamLanguage,
  syntaxHighlighting,
} from "@codemirror/language";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { Annotation, Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { codeColours, editorLooks } from "./editor_looks.ts";

export type CodeLanguage = "typescript" | "python" | "shell" | "json";

export interface EditorOptions {
  readonly text: string;
  readonly language: CodeLanguage;
  /** Its name for screen readers. */
  readonly label: string;
  /** How it is used, for screen readers. */
  readonly description?: string;
  readonly readOnly: boolean;
  readonly onChange: (text: string) => void;
}

export interface OpenEditor {
  /** Replaces the text, if it is another one; `onChange` is not told. */
  readonly setText: (text: string) => void;
  /** What is wrong with the text, for screen readers. */
  readonly setWrong: (message: string | undefined) => void;
  readonly close: () => void;
}

const LANGUAGES: Readonly<Record<CodeLanguage, () => LanguageSupport>> = {
  typescript: () => new LanguageSupport(typescriptLanguage, indentUnit.of("  ")),
  python: () => new LanguageSupport(pythonLanguage, indentUnit.of("    ")),
  shell: () => new LanguageSupport(StreamLanguage.define(shell), indentUnit.of("  ")),
  // JSON is an expression of JavaScript.
  json: () =>
    new LanguageSupport(
      javascriptLanguage.configure({ top: "SingleExpression" }),
      indentUnit.of("  "),
    ),
};

/** Marks changes that come from the page, not from who writes. */
const fromPage = Annotation.define<boolean>();

/** @param host an element without a shadow root, or with one that an editor was in before */
export function openEditor(host: HTMLElement, options: EditorOptions): OpenEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const validity = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [extensions(options), validity.of(attributes(options, undefined))],
    }),
  });
  return {
    setText: (text) => {
      if (text === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: fromPage.of(true),
      });
    },
    setWrong: (message) =>
      view.dispatch({ effects: validity.reconfigure(attributes(options, message)) }),
    close: () => view.destroy(),
  };
}

function extensions({ language, readOnly, onChange }: EditorOptions): Extension {
  const shared = [
    lineNumbers(),
    highlightSpecialChars(),
    LANGUAGES[language](),
    syntaxHighlighting(codeColours),
    editorLooks,
    EditorView.lineWrapping,
  ];
  if (readOnly) return [shared, EditorState.readOnly.of(true)];
  return [
    shared,
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    // Tab indents, but not after Escape: the keyboard has to find its way out.
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      if (update.transactions.some((transaction) => transaction.annotation(fromPage))) return;
      onChange(update.state.doc.toString());
    }),
  ];
}

function attributes(options: EditorOptions, wrong: string | undefined): Extension {
  const { label, description, readOnly } = options;
  const told = [wrong, description].filter((text) => text !== undefined).join(". ");
  return EditorView.contentAttributes.of({
    "aria-label": label,
    ...(told === "" ? {} : { "aria-description": told }),
    ...(wrong === undefined ? {} : { "aria-invalid": "true" }),
    ...(readOnly ? { "aria-readonly": "true" } : {}),
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
  });
}
