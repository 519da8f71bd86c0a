import { Command, CommanderError, Option } from "commander";
import type { Outcome } from "../record/event.ts";
import type { CommonOptions, Context } from "./context.ts";
import { EXIT, EXIT_MEANING } from "./exit.ts";
import { asRefusal, Refusal } from "./failure.ts";
import { refusalText } from "./failure-text.ts";
import { findingsJson } from "./findings-text.ts";
import type { Verb } from "./verb.ts";
import { VERBS } from "./verbs.ts";

/** Parses the command line, runs one verb, and turns whatever it throws into text and a code. */
export async function runProgram(argv: readonly string[], context: Context): Promise<number> {
  const outcome: { code: number } = { code: EXIT.done };
  const program = new Command("seaworthy")
    .description("Production you can prove: declare it, run it, roll it, break it, measure it.")
    .version(await version(), "-V, --version")
    .helpOption("-h, --help")
    .addHelpText("after", exitCodesHelp())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.out(text),
      writeErr: (text) => context.terminal.say(text),
    })
    .showSuggestionAfterError(true)
    .enablePositionalOptions();
  for (const verb of VERBS) addVerb(program, verb, { context, outcome });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usageCode(thrown);
    // Whatever an aborted wait throws: it was asked for, and what is half done has its journal.
    const refusal = context.interrupts.abort.aborted ? INTERRUPTED : asRefusal(thrown);
    const json = argv.includes("--json");
    context.terminal.say(refusalText(refusal, context.terminal));
    if (json) context.terminal.out(`${JSON.stringify(refusalJson(refusal))}\n`);
    return refusal.exitCode;
  }
}

const INTERRUPTED = new Refusal(EXIT.interrupted, "interrupted");

function addVerb(
  program: Command,
  verb: Verb,
  run: { readonly context: Context; readonly outcome: { code: number } },
): void {
  const command = program
    .command(verb.name)
    .summary(verb.summary)
    .description(verb.description ?? verb.summary)
    .exitOverride();
  for (const argument of verb.arguments) command.argument(argument.name, argument.help);
  command
    .option("-s, --system <path>", "the declaration, or the folder that holds it")
    .option("-e, --env <name>", "the environment; required once the declaration has any")
    .addOption(
      new Option("--on <platform>", "the platform").choices(["local", "docker", "kubernetes"]),
    )
    .option("--json", "machine-readable output on stdout")
    .option("-q, --quiet", "no progress; with --json only the outcome");
  for (const { flags, help, hidden } of verb.options) {
    command.addOption(new Option(flags, help).hideHelp(hidden === true));
  }
  if (verb.passThrough === true) command.passThroughOptions();
  command.action(async (...args: readonly unknown[]) => {
    const positionals = command.args;
    const options: CommonOptions & Readonly<Record<string, unknown>> = command.opts();
    const { run: runVerb } = await verb.load();
    void args;
    run.outcome.code = await runVerb({
      context: run.context,
      positionals,
      // What `check` takes besides is gone before it asks for a system.
      takesSystemOnly: ["[system]", "[what]"].includes(verb.arguments[0]?.name ?? ""),
      options,
    });
  });
}

/** commander exits 0 for --help and --version, and 1 where the line was wrong: ours is 2. */
function usageCode(error: CommanderError): number {
  return error.exitCode === 0 ? EXIT.done : EXIT.usage;
}

function refusalJson(refusal: ReturnType<typeof asRefusal>): object {
  return {
    schemaVersion: 1,
    outcome: outcomeWord(refusal.exitCode),
    exitCode: refusal.exitCode,
    because: refusal.message,
    ...findingsJson(refusal.findings),
    detail: refusal.detail,
    fix: refusal.fix ?? null,
  };
}

/** The words of `deploy --json` (cli.md); `error` where none of them says it. */
function outcomeWord(code: number): Outcome | "error" {
  if (code === EXIT.locked) return "locked";
  if (code === EXIT.refused) return "refused";
  return code === EXIT.interrupted ? "interrupted" : "error";
}

function exitCodesHelp(): string {
  const rows = Object.entries(EXIT_MEANING).map(
    ([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`,
  );
  return `\nExit codes:\n${rows.join("\n")}\n`;
}

async function version(): Promise<string> {
  const { VERSION } = await import("./version.ts");
  return VERSION;
}
