/** What stricli says of a wrong command line, in the two lines that every failure has. */
import {
  type ApplicationText,
  ArgumentParseError,
  ArgumentScannerError,
  EnumValidationError,
  FlagNotFoundError,
  text_en,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from "@stricli/core";
import { FuncxError } from "../contract/errors.ts";
import { messageOf } from "../lib/outcome.ts";
import { describeFailure, failureLines } from "./failure.ts";
import { UnshownInputError } from "./parameters.ts";

const SEE_HELP = "See `funcx-endpoint --help`.";
const SEE_COMMAND_HELP = "Add --help to the command to see what it takes.";

/** @param color of standard error. */
export function usageText(color: boolean): ApplicationText {
  // Stricli ends what it prints with a newline of its own.
  const lines = (message: string, hint: string): string =>
    failureLines({ message, hint }, color).trimEnd();
  const unexpected = (thrown: unknown): string => {
    const { message, hint } = describeFailure(thrown);
    return lines(message, hint);
  };
  return {
    ...text_en,
    briefs: { ...text_en.briefs, argumentEscapeSequence: "Take all that follows as arguments" },
    noCommandRegisteredForInput: ({ input, corrections }) =>
      lines(
        input.startsWith("-")
          ? `there is no option ${input} here`
          : `there is no command "${shown(input)}"`,
        suggestion(corrections.map((name) => name.replaceAll("`", "")), SEE_HELP),
      ),
    exceptionWhileParsingArguments: (thrown) => lines(...explain(thrown)),
    exceptionWhileLoadingCommandFunction: unexpected,
    exceptionWhileLoadingCommandContext: unexpected,
    exceptionWhileRunningCommand: unexpected,
    exceptionWhileRunningIntegrationFlag: ({ exception }) => unexpected(exception),
    exceptionWhileRunningIntegrationHook: ({ exception }) => unexpected(exception),
  };
}

/** What failed and how to mend it. */
function explain(thrown: unknown): [message: string, hint: string] {
  if (thrown instanceof FlagNotFoundError) {
    return [
      `there is no option --${thrown.input} here`,
      suggestion(thrown.corrections.map((name) => `--${name}`), SEE_COMMAND_HELP),
    ];
  }
  if (thrown instanceof ArgumentParseError) {
    const { externalFlagNameOrPlaceholder: name, input, exception } = thrown;
    const found = exception instanceof UnshownInputError ? "" : ` (found "${shown(input)}")`;
    const hint = exception instanceof FuncxError ? exception.hint : undefined;
    return [`${name}: ${messageOf(exception)}${found}`, hint ?? SEE_COMMAND_HELP];
  }
  if (thrown instanceof EnumValidationError) {
    return [
      `--${thrown.externalFlagName} cannot be "${shown(thrown.input)}"`,
      `Use one of ${thrown.values.join(", ")}.`,
    ];
  }
  if (thrown instanceof UnsatisfiedFlagError) {
    return [`--${thrown.externalFlagName} needs a value`, SEE_COMMAND_HELP];
  }
  if (thrown instanceof UnsatisfiedPositionalError) {
    return [`${thrown.placeholder} is missing`, SEE_COMMAND_HELP];
  }
  if (thrown instanceof UnexpectedPositionalError) {
    return [`"${shown(thrown.input)}" is one argument too many`, SEE_COMMAND_HELP];
  }
  const message = thrown instanceof ArgumentScannerError ? thrown.message : messageOf(thrown);
  return [message, SEE_COMMAND_HELP];
}

function suggestion(corrections: readonly string[], otherwise: string): string {
  if (corrections.length === 0) return otherwise;
  return `Did you mean ${corrections.map((name) => `\`${name}\``).join(" or ")}?`;
}

/** What was given, without the user and password of a URL. */
function shown(input: string): string {
  return input.replace(/:.*@/s, ":…@");
}
