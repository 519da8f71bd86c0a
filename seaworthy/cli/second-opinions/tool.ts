import type { Document } from "../../facts/document.ts";
import type { SourceFile } from "../../facts/source.ts";

/** A program of the field that judges its own configuration, where it is installed. */
export interface Tool {
  readonly name: string;
  /** The program, and what it is told to say its version. */
  readonly program: string;
  readonly versionArgs: readonly string[];
  readonly takes: (document: Document) => boolean;
  /** It looks at less than a start of the program would: what it accepts may be refused. */
  readonly isPartial?: true;
  /** What it is given, or why it is not asked. */
  readonly prepare: (file: SourceFile, scratch: Scratch) => Prepared;
  /** What it says against the file. */
  readonly complaints: (output: string) => readonly Complaint[];
  /** True of what only says that this is not the machine the file was written for. */
  readonly isForgiven: (message: string) => boolean;
}

/** A folder of its own; `stub` holds a certificate with its key, where one could be made. */
export interface Scratch {
  readonly folder: string;
  readonly stub: string | undefined;
}

export type Prepared =
  | {
      readonly asked: true;
      /** Written into the folder under these names. Lines stand where they stood. */
      readonly files: Readonly<Record<string, string>>;
      readonly args: readonly string[];
    }
  | { readonly asked: false; readonly because: string };

export interface Complaint {
  /** In the file; undefined where the tool does not say. */
  readonly line: number | undefined;
  readonly message: string;
}

/** What one tool said of one file. */
export interface Opinion {
  readonly file: SourceFile;
  /** `haproxy 2.6.12`. */
  readonly tool: string;
  readonly complaints: readonly Complaint[];
  /** It ended well and had nothing to say against it. */
  readonly accepts: boolean;
}

/** Each line changed by itself: the tool's line numbers stay the file's. */
export function eachLine(text: string, change: (line: string) => string): string {
  return text.split("\n").map(change).join("\n");
}

const ELSEWHERE = new RegExp(
  "no such file|permission denied|not permitted|cannot open|could not open|unable to stat|" +
    "unable to load|failed to open",
  "i",
);

/** `(2: No such file or directory)`, `Permission denied`: this is another machine. */
export function isOfThisMachine(message: string): boolean {
  return ELSEWHERE.test(message);
}
