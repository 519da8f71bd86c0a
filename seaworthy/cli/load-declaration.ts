import { spawn, type ChildProcess } from "node:child_process";
import { realpath } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { deadline, type Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import type { Finding } from "../system/finding.ts";
import {
  codeFrame,
  fault,
  placeOf,
  readBounded,
  readDataFile,
  type SourcePlace,
} from "./declaration-file.ts";

/** What loading needs of the outside. */
export interface LoadContext {
  readonly clock: Clock;
  /** Its program is the Node that runs the declaration. */
  readonly ownCommand: OwnCommand;
  readonly signal: AbortSignal;
  /** Default `LOAD_MS`. */
  readonly deadlineMs?: number;
}

/** A declaration only writes data down; one that takes longer loops. */
const LOAD_MS = 10_000;
/** Largest declaration as JSON. 1 MiB: a hundred times a large one. */
const DATA_BYTES_MAX = 1_048_576;
/** What the child may say for a person. 64 KiB. */
const STDERR_BYTES_MAX = 65_536;
/** Memory of the child, so that a runaway declaration ends before the machine does. */
const HEAP_MIB_MAX = 256;

/**
 * A declaration file → its data form, which `parse` understands. `.yaml` and `.json` run no code;
 * `.ts` runs in a guarded child (architecture §15) and may read its own folder, nothing else.
 */
export async function loadDeclaration(
  path: string,
  context: LoadContext,
): Promise<Result<unknown, readonly Finding[]>> {
  const kind = extname(path);
  if (kind === ".yaml" || kind === ".yml" || kind === ".json") return await readDataFile(path);
  if (kind === ".ts" || kind === ".mts" || kind === ".js" || kind === ".mjs") {
    const readable = await readBounded(path);
    return readable.ok ? await runDeclaration(path, context) : readable;
  }
  return refuse([
    fault({
      rule: "cannot-read",
      message: `${basename(path)} is no declaration: it ends in ${kind === "" ? "nothing" : kind}`,
      file: basename(path),
      why: "What a file holds is told by its ending.",
      fix: "Use system.ts, system.yaml or system.json.",
    }),
  ]);
}

async function runDeclaration(
  path: string,
  context: LoadContext,
): Promise<Result<unknown, readonly Finding[]>> {
  const limit = context.deadlineMs ?? LOAD_MS;
  const signal = deadline(limit, `loading ${basename(path)}`, context.signal);
  const real = await realpath(path);
  const child = spawnGuarded(real, context.ownCommand);
  const run = await collect(child, signal);
  context.signal.throwIfAborted();
  if (run.ended === "too-late") return refuse([tooLate(path, limit)]);
  if (run.ended === "too-much") return refuse([tooMuch(path)]);
  return await understand(real, run);
}

/** Ourselves, in a child that may read the project and this package's door, and nothing else. */
function spawnGuarded(path: string, ownCommand: OwnCommand): ChildProcess {
  const [node] = ownCommand("_declare");
  const ending = extname(import.meta.url);
  const own = (name: string): string => fileURLToPath(new URL(`${name}${ending}`, import.meta.url));
  const project = dirname(path);
  const readable = [project, own("./declare-child"), own("../seaworthy")];
  for (const name of ["declare", "lower", "reference", "declaration"]) {
    readable.push(own(`../system/${name}`));
  }
  const argv = [
    "--permission",
    ...readable.map((folder) => `--allow-fs-read=${folder}`),
    "--no-warnings",
    `--max-old-space-size=${HEAP_MIB_MAX}`,
    own("./declare-child"),
    pathToFileURL(path).href,
    pathToFileURL(join(project, "/")).href,
    new URL(`../seaworthy${ending}`, import.meta.url).href,
  ];
  // Local time would make the declaration mean something else on another machine.
  const env = { TZ: "UTC" };
  return spawn(node, argv, { cwd: "/", env, stdio: ["ignore", "pipe", "pipe"] });
}

interface Run {
  readonly ended: "by-itself" | "too-late" | "too-much";
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Gathers what the child says within bounds; kills it beyond them. It is gone at the end. */
async function collect(child: ChildProcess, signal: AbortSignal): Promise<Run> {
  let ended: Run["ended"] = "by-itself";
  const end = (why: Run["ended"]): void => {
    if (ended === "by-itself") ended = why;
    child.kill("SIGKILL");
  };
  const late = (): void => end("too-late");
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const size = { stdout: 0, stderr: 0 };
  child.stdout?.on("data", (chunk: Buffer) => {
    size.stdout += chunk.length;
    if (size.stdout > DATA_BYTES_MAX) end("too-much");
    else stdout.push(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    size.stderr += chunk.length;
    if (size.stderr <= STDERR_BYTES_MAX) stderr.push(chunk);
  });
  signal.addEventListener("abort", late, { once: true });
  if (signal.aborted) late();
  const exit = Promise.withResolvers<Pick<Run, "code" | "killedBy">>();
  child.once("error", exit.reject);
  child.once("close", (code, killedBy) => exit.resolve({ code, killedBy }));
  try {
    const { code, killedBy } = await exit.promise;
    const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString("utf8");
    return { ended, code, killedBy, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    signal.removeEventListener("abort", late);
  }
}

/** What the child answers; it ran a stranger's code, so this is outside data. */
const answerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("declared"), data: z.unknown() }),
  z.object({ kind: z.literal("no-default") }),
  z.object({
    kind: z.literal("impure"),
    attempts: z.array(
      z.object({
        what: z.string(),
        at: z.string().optional(),
        specifier: z.string().optional(),
      }),
    ),
  }),
  z.object({
    kind: z.literal("threw"),
    name: z.string(),
    message: z.string(),
    stack: z.string(),
  }),
]);
type Answer = z.infer<typeof answerSchema>;
type Attempt = Extract<Answer, { kind: "impure" }>["attempts"][number];

async function understand(path: string, run: Run): Promise<Result<unknown, readonly Finding[]>> {
  const answer = readAnswer(run.stdout);
  if (answer === undefined) return refuse([await endedEarly(path, run)]);
  switch (answer.kind) {
    case "declared":
      return ok(answer.data);
    case "no-default":
      return refuse([noDefault(path)]);
    case "threw":
      return refuse([await threw(path, answer)]);
    case "impure":
      return refuse(
        await Promise.all(answer.attempts.map(async (attempt) => await impure(path, attempt))),
      );
    default:
      return answer satisfies never;
  }
}

function readAnswer(text: string): Answer | undefined {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function impure(path: string, attempt: Attempt): Promise<Finding> {
  const written = await placeOf(path, { at: attempt.at, mentions: attempt.specifier });
  return fault({
    rule: "impure-declaration",
    message: `the declaration tries to use ${attempt.what}`,
    ...written,
    why: "Loading has no effect and depends on nothing, so that it means the same everywhere.",
    fix: "Write the value down; what differs goes to `environments`, secrets to `secret(…)`.",
  });
}

async function threw(
  path: string,
  error: { readonly name: string; readonly message: string; readonly stack: string },
): Promise<Finding> {
  const at = /(file:\/\/\/[^\s)]+:\d+:\d+)/g;
  const own = error.stack.match(at)?.find((place) => place.startsWith(pathToFileURL(path).href));
  const [firstLine = ""] = error.message.split("\n");
  const missing = /^Cannot find (?:package|module) '([^']+)'/.exec(firstLine)?.[1];
  const mentions = missing === undefined ? undefined : basename(missing);
  return fault({
    rule: "declaration-threw",
    message: `${basename(path)} threw ${error.name === "" ? "" : `${error.name}: `}${firstLine}`,
    ...(await placeOf(path, { at: own, mentions })),
    why: "A declaration that throws declares nothing.",
    fix: "Mend it at the place above.",
  });
}

function noDefault(path: string): Finding {
  return fault({
    rule: "no-default-export",
    message: `${basename(path)} has no default export`,
    file: basename(path),
    why: "The default export is what is declared.",
    fix: "End it with: export default defineSystem({ … });",
  });
}

/** No answer: a syntax error (Node says where), a wait that never ends, or no memory left. */
async function endedEarly(path: string, run: Run): Promise<Finding> {
  const syntax = readSyntaxError(path, run.stderr);
  if (syntax !== undefined) {
    return fault({
      rule: "syntax-error",
      message: `${basename(path)} cannot be read: ${syntax.message}`,
      ...(await codeFrame(path, syntax.place)),
      why: "What cannot be read declares nothing.",
      fix: "Mend it at the place above.",
    });
  }
  const never = run.code === 13 ? "it waits for something that never comes (top-level await)" : "";
  const memory = /heap out of memory/.test(run.stderr) ? "it used all its memory" : "";
  const how = run.killedBy === null ? `exit ${run.code ?? "?"}` : run.killedBy;
  const lines = run.stderr.trim().split("\n").slice(0, 5).join(" · ");
  const because = never || memory || `it ended early (${how}) ${lines}`.trim();
  return fault({
    rule: "declaration-threw",
    message: `${basename(path)} declared nothing: ${because}`,
    file: basename(path),
    why: "Loading ended before there was a default export.",
    fix: "Write plain data, without waiting for anything.",
  });
}

/** Node's own form: `file:///…:LINE`, the lines up to it, a row of carets, and the error. */
function readSyntaxError(
  path: string,
  stderr: string,
): { readonly message: string; readonly place: SourcePlace } | undefined {
  const shape = /^(file:\/\/\/.+?):(\d+)\n(?:.*\n){1,5}?([ \t]*)\^+$/m.exec(stderr);
  const message = /^SyntaxError(?: \[\w+\])?: (.+)$/m.exec(stderr)?.[1];
  const [, url, line, indent] = shape ?? [];
  if (message === undefined) return undefined;
  const file = url === undefined ? path : fileURLToPath(url);
  return { message, place: { file, line: Number(line ?? 1), column: (indent ?? "").length + 1 } };
}

function tooLate(path: string, limitMs: number): Finding {
  return fault({
    rule: "declaration-too-slow",
    message: `${basename(path)} was not loaded after ${limitMs / 1_000} s, and was stopped`,
    file: basename(path),
    why: "A declaration only writes data down; one that takes this long loops.",
    fix: "Look for a loop that does not end.",
  });
}

function tooMuch(path: string): Finding {
  return fault({
    rule: "declaration-too-large",
    message: `${basename(path)} declares more than ${DATA_BYTES_MAX / 1_048_576} MiB of data`,
    file: basename(path),
    why: "All of it travels in every plan.",
    fix: "Put large files into the service's build folder.",
  });
}
