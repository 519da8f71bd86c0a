import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";

/** What `check` was asked to do with existing files. */
export interface CheckOptions {
  readonly failOn: "error" | "warning";
  readonly format: "text" | "json" | "sarif" | "github";
  readonly notes: boolean;
  /** Findings that are known already, by a file that `--write-baseline` wrote. */
  readonly baseline: string | undefined;
  readonly writeBaseline: string | undefined;
  readonly fix: boolean;
  readonly dryRun: boolean;
  /** Programs of the machine may give a second opinion. */
  readonly native: boolean;
  /** Facts about products are used; without them fewer rules speak. */
  readonly catalogues: boolean;
}

type Given = Readonly<Record<string, unknown>>;

export function checkOptions(given: Given): CheckOptions {
  return {
    failOn: failOnOf(given["failOn"]),
    format: formatOf(given),
    notes: given["notes"] === true,
    baseline: textOf(given["baseline"]),
    writeBaseline: textOf(given["writeBaseline"]),
    fix: given["fix"] === true,
    dryRun: given["dryRun"] === true,
    native: given["native"] !== false,
    catalogues: given["catalogues"] !== false,
  };
}

export function failOnOf(value: unknown): "error" | "warning" {
  if (value === undefined || value === "error") return "error";
  if (value === "warning") return "warning";
  throw new Refusal(EXIT.usage, "--fail-on: it is error or warning");
}

/** Options that speak of files' findings, and mean nothing to a declaration. */
export function refuseForDeclaration(given: Given): void {
  const names = ["sarif", "github", "baseline", "writeBaseline", "fix", "dryRun"];
  const name = names.find((candidate) => given[candidate] !== undefined);
  if (name === undefined) return;
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new Refusal(EXIT.usage, `--${flag} is for existing files, and a declaration was meant`, {
    fix: "name a folder, a Markdown guide or a file: seaworthy check .",
  });
}

function formatOf(given: Given): CheckOptions["format"] {
  const formats = (["json", "sarif", "github"] as const).filter((name) => given[name] === true);
  const [format = "text", other] = formats;
  if (other === undefined) return format;
  throw new Refusal(EXIT.usage, `--${format} and --${other}: one of them`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
