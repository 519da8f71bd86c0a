import { afterOptions, type Invocation } from "./invocation.ts";
import { patternOf } from "./pattern.ts";

/** Programs that carry a file elsewhere, and the words that make it so. */
const CARRIERS: ReadonlyMap<string, RegExp> = new Map([
  ["aws", /^(?:s3 (?:cp|sync|mv)|s3api put-object)\b/],
  ["s5cmd", /\b(?:cp|sync|mv|pipe)\b/],
  ["s3cmd", /\b(?:put|sync)\b/],
  ["gsutil", /\b(?:cp|rsync|mv)\b/],
  ["gcloud", /\bstorage (?:cp|rsync|mv)\b/],
  ["az", /\bstorage blob (?:upload|sync)/],
  ["azcopy", /\b(?:copy|sync)\b/],
  ["rclone", /\b(?:copy|sync|move|copyto|moveto|rcat)\b/],
  ["mc", /\b(?:cp|mirror|mv|pipe)\b/],
  ["b2", /\b(?:upload-file|upload_file|sync)\b/],
  ["scp", /./],
  ["rsync", /./],
  ["sftp", /./],
  ["lftp", /./],
  ["ossutil", /\b(?:cp|sync)\b/],
  ["coscli", /\b(?:cp|sync)\b/],
  ["coscmd", /\bupload\b/],
  ["obsutil", /\b(?:cp|sync)\b/],
  ["ncftpput", /./],
]);

/** The target of an upload; undefined for anything else, a download among it. */
export function shipOf(run: Invocation): string | undefined {
  const verb = CARRIERS.get(run.program);
  const text = run.args.join(" ").slice(0, 2_000);
  if (run.program === "curl") return uploadOf(run.args);
  if (verb?.test(text) !== true) return undefined;
  if (run.program === "aws" && text.startsWith("s3api")) return "s3:";
  if (UPLOADERS.has(run.program)) return `${run.program}:`;
  const operands = afterVerb(run);
  const remote = operands.findIndex((word) => isRemote(word));
  // `scp host:file .` and `aws s3 cp s3://… .` bring a file.
  if (remote === 0 && !isRemote(operands[1] ?? "")) return undefined;
  if (remote >= 0) return patternOf(operands[remote === 0 ? 1 : remote] ?? "");
  const [source = "", target = ""] = operands;
  const goesOut = target.startsWith("$") || source === "-";
  return run.program !== "rsync" && goesOut ? patternOf(target) : undefined;
}

/** They only ever send. */
const UPLOADERS = new Set(["az", "lftp", "b2", "ncftpput", "sftp"]);
const FLAGS_VALUED = new Set([
  "-i",
  "-P",
  "-e",
  "-o",
  "-F",
  "-l",
  "--rsh",
  "--exclude",
  "--include",
]);

/** Sources and target. */
function afterVerb({ program, args }: Invocation): readonly string[] {
  if (program === "scp" || program === "rsync")
    return plain(afterOptions([program, ...args], FLAGS_VALUED));
  const words = plain(args);
  const verb = words.findIndex((word) =>
    /^(?:cp|copy|sync|mv|move|copyto|moveto|rcat|put|mirror|pipe|rsync|upload)$/.test(word),
  );
  return words.slice(verb + 1);
}

function plain(words: readonly string[]): readonly string[] {
  return words.filter((word) => word === "-" || !word.startsWith("-"));
}

/** `s3://bucket/x`, `host:path`, `remote:bucket`. */
export function isRemote(word: string): boolean {
  return /^[a-z][a-z0-9+]{1,10}:\/\//.test(word) || /^[^/\s:]{2,200}:(?!\d+$)/.test(word);
}

function uploadOf(args: readonly string[]): string | undefined {
  const uploads = args.some((word) => word === "-T" || word === "--upload-file");
  const target = args.find((word) => /^(?:https?|ftps?|sftp):/.test(word));
  return uploads && target !== undefined ? patternOf(target) : undefined;
}
