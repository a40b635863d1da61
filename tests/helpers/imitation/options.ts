/**
 * The options that programs of a scheduler have, from their manual pages: the PBS Professional
 * Reference Guide, the IBM Spectrum LSF 10.1 command reference, the HTCondor manual, kubectl's help.
 * Whatever is not here makes an imitation fail, as it would the program.
 */
export interface Options {
  /** Without a value. */
  readonly flags: readonly string[];
  /** With one, behind a space or, for long ones, `=`; the form that it must have. */
  readonly values: Readonly<Record<string, RegExp>>;
}

export interface Parsed {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

const ANY = /^[^\n]+$/;
const NAME = /^[\w.@-]+$/;
const WALLTIME = String.raw`walltime=\d+:\d\d:\d\d`;
const CHUNK = String.raw`\d+(:\w+=[\w.]+)*`;

const QSUB: Options = {
  flags: ["-f", "-h", "-I", "-V", "-X", "-z"],
  values: {
    "-A": NAME,
    "-j": /^(oe|eo|n)$/,
    "-l": new RegExp(
      String
        .raw`^(select=${CHUNK}(\+${CHUNK})*|place=(free|pack|scatter|vscatter)(:(excl|exclhost|shared))?|${WALLTIME}|\w+=[\w:.]+)$`,
    ),
    "-N": /^[A-Za-z][\w-]{0,235}$/,
    "-o": ANY,
    "-e": ANY,
    "-P": NAME,
    "-q": NAME,
    "-r": /^[yn]$/,
    "-S": /^\//,
    "-W": ANY,
    "-v": ANY,
    "-m": ANY,
    "-M": ANY,
    "-k": ANY,
    "-p": /^-?\d+$/,
  },
};

const BSUB: Options = {
  flags: ["-x", "-r", "-rn", "-H", "-B", "-N"],
  values: {
    "-J": /^[\w-]+$/,
    "-o": ANY,
    "-e": ANY,
    "-W": /^\d+:[0-5]\d$/,
    "-n": /^\d+(,\d+)?$/,
    "-nnodes": /^\d+$/,
    "-R": /^(span\[ptile=\d+\]|rusage\[mem=\d+(KB|MB|GB)?(\/(host|job|task))?\]|select\[.+\])$/,
    "-gpu": /^num=\d+(\/(host|task))?$/,
    "-q": NAME,
    "-P": NAME,
    "-U": NAME,
    "-M": /^\d+(KB|MB|GB)?$/,
    "-alloc_flags": ANY,
    "-u": ANY,
  },
};

/** Commands of a submit description, and `+Name`. */
const DESCRIPTION: Options = {
  flags: [],
  values: {
    universe: /^vanilla$/,
    executable: /^\/.+$/,
    arguments: /^"([^"]|"")*"$/,
    initialdir: /^\/.+$/,
    output: ANY,
    error: ANY,
    log: ANY,
    stream_output: /^(True|False)$/,
    stream_error: /^(True|False)$/,
    should_transfer_files: /^(YES|NO|IF_NEEDED)$/,
    transfer_input_files: ANY,
    transfer_executable: /^(True|False)$/,
    request_cpus: /^\d+$/,
    request_memory: /^\d+$/,
    request_gpus: /^\d+$/,
    accounting_group: NAME,
    requirements: ANY,
    periodic_remove: ANY,
  },
};

export const SCRIPT_OPTIONS = { pbs: QSUB, lsf: BSUB, htcondor: DESCRIPTION };

const FORMAT =
  /^((jobid|stat|exit_code|exec_host|exit_reason|pend_reason|queue|user)(:-?\d+)? ?)+( ?delimiter='.')?$/;
const ATTRIBUTES = /^[A-Z]\w*(,[A-Z]\w*)*$/;

export const PROGRAM_OPTIONS: Readonly<Record<string, Options>> = {
  qsub: QSUB,
  qstat: {
    flags: ["-f", "-x", "-w", "-t", "-a", "-s", "-n", "-1"],
    values: { "-F": /^(json|dsv)$/ },
  },
  qdel: { flags: ["-x"], values: { "-W": ANY } },
  bsub: BSUB,
  bjobs: { flags: ["-noheader", "-a", "-l", "-w", "-json"], values: { "-o": FORMAT, "-u": ANY } },
  bkill: { flags: ["-b", "-d", "-l", "-r"], values: { "-s": ANY, "-q": NAME } },
  condor_submit: { flags: ["-terse", "-verbose", "-disable"], values: { "-batch-name": ANY } },
  condor_q: {
    flags: ["-json", "-long", "-nobatch", "-xml", "-hold", "-run"],
    values: { "-attributes": ATTRIBUTES, "-constraint": ANY, "-name": ANY },
  },
  condor_history: {
    flags: ["-json", "-long", "-xml", "-backwards"],
    values: { "-attributes": ATTRIBUTES, "-constraint": ANY, "-match": /^\d+$/, "-limit": /^\d+$/ },
  },
  condor_rm: { flags: ["-all", "-forcex"], values: { "-reason": ANY, "-constraint": ANY } },
};

/** Throws with what is wrong. */
export function parse({ flags, values }: Options, words: readonly string[]): Parsed {
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (!word.startsWith("-")) operands.push(word);
    else if (flags.includes(word)) options.set(word, []);
    else {
      const form = values[word];
      if (form === undefined) throw new Error(`invalid option -- '${word}'`);
      const value = words[++index] ?? "";
      if (!form.test(value)) throw new Error(`illegal ${word} value: ${value}`);
      options.set(word, [...options.get(word) ?? [], value]);
    }
  }
  return { options, operands };
}
