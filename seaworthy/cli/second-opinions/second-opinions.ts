import type { Clock } from "@seaworthy/std/clock";
import type { Document } from "../../facts/document.ts";
import { composeTools } from "./compose.ts";
import { haproxy } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import { amtool, promtoolConfig, promtoolRules } from "./prometheus.ts";
import { findProgram, openSandbox, type Sandbox } from "./sandbox.ts";
import { logrotate, shellcheck } from "./shell.ts";
import type { Complaint, Opinion, Tool } from "./tool.ts";

const TOOLS: readonly Tool[] = [
  ...[haproxy, nginx, promtoolConfig, promtoolRules, amtool],
  ...composeTools,
  ...[shellcheck, logrotate],
];

/** Files that one tool is asked about; a repository has a handful. */
const FILES_PER_TOOL_MAX = 25;
/** For all of them together. */
const TOGETHER_MS = 60_000;
/** What stands in for every certificate. */
const STUB = "stub.pem";

export interface Asking {
  readonly clock: Clock;
  readonly path: string;
  /** No program of the folder that is checked is ever started. */
  readonly root: string;
  readonly signal: AbortSignal;
}

export interface Opinions {
  readonly opinions: readonly Opinion[];
  /** What was not asked, and why. */
  readonly notices: readonly string[];
}

/** What the programs of the field say, where they are installed and anything is there for them. */
export async function secondOpinions(
  documents: readonly Document[],
  asking: Asking,
): Promise<Opinions> {
  const wanted = TOOLS.flatMap((tool) => {
    const own = documents.filter((document) => tool.takes(document));
    const program =
      own.length === 0 ? undefined : findProgram(tool.program, asking.path, asking.root);
    return program === undefined ? [] : [{ tool, program, own }];
  });
  if (wanted.length === 0) return { opinions: [], notices: [] };
  using sandbox = openSandbox(asking);
  const round = new Round(sandbox, asking);
  for (const { tool, program, own } of wanted) await round.ask(tool, program, own);
  return { opinions: round.opinions, notices: round.notices() };
}

class Round {
  readonly opinions: Opinion[] = [];
  readonly #refused: string[] = [];
  readonly #sandbox: Sandbox;
  readonly #clock: Clock;
  readonly #until: number;
  #stub: Promise<string | undefined> | undefined;
  readonly #path: string;

  constructor(sandbox: Sandbox, { clock, path }: Asking) {
    this.#sandbox = sandbox;
    this.#clock = clock;
    this.#path = path;
    this.#until = clock.now() + TOGETHER_MS;
  }

  async ask(tool: Tool, program: string, own: readonly Document[]): Promise<void> {
    const said = await this.#sandbox.run(program, tool.versionArgs);
    const [, version] = /(\d+\.\d+(?:\.\d+)?)/.exec(said.output) ?? [];
    // A program of that name that cannot say its version is another one.
    if (said.code !== 0 || version === undefined) return;
    const name = `${tool.name} ${version}`;
    for (const { file } of own.slice(0, FILES_PER_TOOL_MAX)) {
      if (this.#clock.now() > this.#until) {
        this.#refused.push(`${name} was not asked about all files: it took too long`);
        return;
      }
      const needsStub = /\b(?:crt|ca-file|ssl_\w{0,30}certificate)\b/.test(file.text);
      const stub = needsStub ? await this.#certificate() : undefined;
      const scratch = { folder: this.#sandbox.folder, stub };
      const prepared = tool.prepare(file, scratch);
      if (!prepared.asked) {
        this.#refused.push(`${name} was not asked about ${file.path}: ${prepared.because}`);
        continue;
      }
      for (const [path, text] of Object.entries(prepared.files)) this.#sandbox.write(path, text);
      const { code, output } = await this.#sandbox.run(program, prepared.args);
      const all = tool.complaints(output);
      const complaints = all.filter(
        (one) => !tool.isForgiven(one.message) && isOwn(one, file.text),
      );
      const accepts = code === 0 && all.length === 0 && tool.isPartial !== true;
      this.opinions.push({ file, tool: name, complaints, accepts });
    }
    const left = own.length - FILES_PER_TOOL_MAX;
    if (left > 0) this.#refused.push(`${name} was not asked about ${String(left)} more files`);
  }

  notices(): readonly string[] {
    const [first, ...others] = this.#refused;
    const more = others.length > 0 ? ` (and ${String(others.length)} more)` : "";
    return [
      ...(first === undefined ? [] : [`${first}${more}`]),
      ...(this.#sandbox.isOffline || this.opinions.length === 0
        ? []
        : ["second opinions ran with the network in reach: unshare(1) is not allowed here"]),
    ];
  }

  /** One self-signed certificate with its key for every name; openssl makes it. */
  async #certificate(): Promise<string | undefined> {
    this.#stub ??= this.#makeCertificate();
    return await this.#stub;
  }

  async #makeCertificate(): Promise<string | undefined> {
    const openssl = findProgram("openssl", this.#path);
    if (openssl === undefined) return undefined;
    const stub = `${this.#sandbox.folder}/${STUB}`;
    const { code } = await this.#sandbox.run(openssl, [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=stub"],
      ...["-keyout", stub, "-out", `${stub}.crt`],
    ]);
    if (code !== 0) return undefined;
    const joined = await this.#sandbox.run(openssl, ["x509", "-in", `${stub}.crt`]);
    const key = await this.#sandbox.run(openssl, ["pkey", "-in", stub]);
    this.#sandbox.write(STUB, `${joined.output}${key.output}`);
    return stub;
  }
}

/** A line that a variable or template fills in says nothing until it is filled in. */
function isOwn({ line, message }: Complaint, text: string): boolean {
  const own = line === undefined ? "" : (text.split("\n")[line - 1] ?? "");
  return !/\$\{|\{\{|<[A-Z_]{3,}>/.test(`${own} ${message}`);
}
