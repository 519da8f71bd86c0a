/**
 * The demo: drives the command line as a user would, one verb after the other, and prints what
 * each drill showed. Exits 0 when every verdict is the expected one, its one miss included.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { evidenceRow } from "../seaworthy/drills/report-line.ts";
import { parseEvidence } from "../seaworthy/record/read.ts";
import type { Evidence } from "../seaworthy/record/evidence.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLI = fileURLToPath(new URL("../seaworthy/cli/launch.js", import.meta.url));
const SYSTEM = "systems/model-router";
/** The demo's state stays in the checkout, beside nobody's real systems. */
const STATE = `${ROOT}.cache/demo`;

const options = parseArgs({
  options: {
    seed: { type: "string", default: "4711" },
    stay: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
}).values;

interface Act {
  readonly drill: string;
  readonly environment: "rehearsal" | "single";
  readonly expected: "held" | "missed";
}

const ACTS: readonly Act[] = [
  { drill: "roll-under-load", environment: "rehearsal", expected: "held" },
  { drill: "kill-instance", environment: "rehearsal", expected: "held" },
  { drill: "freeze-instance", environment: "rehearsal", expected: "held" },
  { drill: "kill-instance", environment: "single", expected: "missed" },
];

const USAGE = `bin/demo [--seed N] [--stay]
  --seed N  the same choices again (default 4711)
  --stay    keeps the system up and says how to look at it and stop it
`;

let interrupted = false;
let child: ReturnType<typeof spawn> | undefined;
process.on("SIGINT", () => {
  interrupted = true;
  child?.kill("SIGINT");
});

async function demo(): Promise<number> {
  const started = performance.now();
  const verdicts: { readonly act: Act; readonly evidence: readonly Evidence[] }[] = [];
  try {
    // A demo that was killed may have left something: this one begins from nothing.
    await takeDown("rehearsal");
    await takeDown("single");
    await bringUp("rehearsal");
    printHeader();
    for (const act of ACTS) {
      if (interrupted) break;
      if (act.environment === "single") {
        if (!options.stay) await takeDown("rehearsal");
        await bringUp("single");
      }
      const evidence = await runDrill(act);
      verdicts.push({ act, evidence });
      for (const one of evidence) printRow(one, act);
    }
  } finally {
    if (!options.stay) await takeDown("rehearsal");
    await takeDown("single");
  }
  return summary(verdicts, performance.now() - started);
}

async function bringUp(environment: Act["environment"]): Promise<void> {
  const begun = performance.now();
  const accept = environment === "single" ? ["--accept", "single-replica"] : [];
  const up = await seaworthy(["up", SYSTEM, "-e", environment, "--json", ...accept]);
  if (up.code !== 0) throw new Error(`up -e ${environment} ended with ${up.code}\n${up.stderr}`);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  const status = await seaworthy(["status", SYSTEM, "-e", environment, "--json"]);
  const shown = objectOf(status.stdout);
  const units = listOf(shown["units"]);
  const count = (name: string) => Number(units.find((unit) => unit["name"] === name)?.["ready"]);
  const edge = Array.isArray(shown["edge"]) ? String(shown["edge"][0]) : "nothing";
  const routers = plural(count("router"), "router");
  const models = plural(count("model"), "model server");
  process.stdout.write(
    `model-router · ${routers}, ${models}, edge on ${edge} · ready in ${seconds} s\n`,
  );
}

async function takeDown(environment: Act["environment"]): Promise<void> {
  await seaworthy(["down", SYSTEM, "-e", environment, "--yes", "--json"]);
}

async function runDrill(act: Act): Promise<readonly Evidence[]> {
  const outage = act.environment === "single" ? ["--allow-outage", "--yes"] : [];
  const args = ["drill", act.drill, "-s", SYSTEM, "-e", act.environment, "--unit", "router"];
  const run = await seaworthy([...args, "--seed", options.seed, "--json", ...outage]);
  const last = run.stdout.trimEnd().split("\n").at(-1) ?? "";
  const outcome = objectOf(last);
  if (!Array.isArray(outcome["evidence"])) {
    throw new Error(`drill ${act.drill} ended with ${run.code}: ${run.stderr}`);
  }
  const seen = outcome["evidence"].map((body) => parseEvidence(body));
  const wanted = act.drill === "freeze-instance" ? "latency.p95" : "errors";
  const chosen = seen.filter((one) => one.objective === wanted);
  return chosen.length > 0 ? chosen : seen.slice(0, 1);
}

const WIDTHS = [18, 17, 84] as const;
const WINDOWS = "warm-up 2 s, baseline 3 s, 15 s from injection, bake 3 s";

function printHeader(): void {
  process.stdout.write(line(["drill", "objective", "measured (300 requests/s)", "verdict"]));
  process.stdout.write(line(["", "", `(${WINDOWS})`, ""]));
}

function printRow(evidence: Evidence, act: Act): void {
  const [drill = "", objective = "", measured = "", verdict = ""] = evidenceRow(evidence);
  const which = act.environment === "single" ? "one replica: " : "";
  process.stdout.write(line([drill, objective, `${which}${measured}`, verdict]));
  if (evidence.verdict !== act.expected) process.stdout.write(`  ${evidence.because}\n`);
}

function line(cells: readonly [string, string, string, string]): string {
  const padded = WIDTHS.map((width, column) => (cells[column] ?? "").padEnd(width));
  return `${`${padded.join("")} ${cells[3]}`.trimEnd()}\n`;
}

function summary(
  verdicts: readonly { readonly act: Act; readonly evidence: readonly Evidence[] }[],
  tookMs: number,
): number {
  const all = verdicts.flatMap(({ evidence }) => evidence.map((one) => one.verdict));
  const count = (verdict: string) => all.filter((one) => one === verdict).length;
  const asExpected =
    verdicts.length === ACTS.length &&
    verdicts.every(
      ({ act, evidence }) =>
        evidence.length > 0 && evidence.every((one) => one.verdict === act.expected),
    );
  const others = all.length - count("held") - count("missed");
  const why = asExpected ? " (on purpose: one replica cannot keep it)" : "";
  const unverified = others === 0 ? "" : `, ${others} could not verify`;
  const parts = [
    `${count("held")} held, ${count("missed")} missed${why}${unverified}`,
    `evidence in ${relative(process.cwd(), STATE)}`,
    `again with --seed ${options.seed}`,
    `${(tookMs / 1_000).toFixed(0)} s`,
  ];
  process.stdout.write(`${parts.join(" · ")}\n`);
  if (options.stay && !interrupted) {
    const tool = (verb: string) =>
      `XDG_STATE_HOME=${STATE} bin/seaworthy ${verb} ${SYSTEM} -e rehearsal`;
    process.stdout.write(`it stays up\n  look: ${tool("status")}\n  stop: ${tool("down")}\n`);
  }
  if (interrupted) return 130;
  return asExpected ? 0 : 1;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one verb; its events appear as a single moving line where somebody watches. */
function seaworthy(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const run = spawn(process.execPath, [CLI, ...args], {
      cwd: ROOT,
      env: { ...process.env, XDG_STATE_HOME: STATE },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    child = run;
    const lines: string[] = [];
    let stderr = "";
    run.stderr.on("data", (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString()}`.slice(-4_000);
    });
    const reader = createInterface({ input: run.stdout });
    reader.on("line", (text) => {
      lines.push(text);
      showPhase(text);
    });
    run.on("error", reject);
    run.on("close", (code) => {
      clearPhase();
      resolve({ code: code ?? 1, stdout: lines.join("\n"), stderr });
    });
  });
}

function showPhase(text: string): void {
  if (process.stderr.isTTY !== true) return;
  if (!text.includes('"kind":"drill"')) return;
  const { drill, phase, detail } = objectOf(text);
  clearPhase();
  process.stderr.write([drill, phase, detail].join(" · ").slice(0, 100));
}

function clearPhase(): void {
  if (process.stderr.isTTY === true) process.stderr.write("\r\u001b[K");
}

/** A JSON document that should be an object; what is none has no fields. */
function objectOf(text: string): Readonly<Record<string, unknown>> {
  if (text === "") return {};
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === "object" && parsed !== null
    ? Object.fromEntries(Object.entries(parsed))
    : {};
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map((one) => objectOf(JSON.stringify(one))) : [];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

if (options.help) process.stdout.write(USAGE);
else process.exitCode = await demo();
