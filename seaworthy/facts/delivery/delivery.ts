import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";
import { readGithub } from "./github.ts";
import { readGitlab } from "./gitlab.ts";
import { readJenkins } from "./jenkins.ts";
import { readLogShipper } from "./log-shipper.ts";
import { shipperCalls } from "./log-shipper-facts.ts";
import { pipelineFacts } from "./pipeline-facts.ts";
import { readProse } from "./prose.ts";
import { pledges } from "./pledges.ts";

/** Pipelines, log shippers and the prose of a guide. */
export type DeliveryDocument = PipelineDocument | LogShipperDocument | ProseDocument;

/** What builds, tests and deploys. */
export interface PipelineDocument extends DocumentBase {
  readonly kind: "pipeline";
  readonly system: "github" | "gitlab" | "jenkins";
  /** In order; empty where jobs only name what they need. */
  readonly stages: readonly string[];
  /** GitHub: what starts it. */
  readonly triggers: readonly Trigger[];
  /** Jobs or steps may come from files that are not read with it: `include:`, a library. */
  readonly open: boolean;
  readonly jobs: readonly PipelineJob[];
}

/** An event of GitHub, and the branches and tags it is narrowed to. */
export interface Trigger {
  readonly event: string;
  readonly line: number;
  readonly branches?: readonly string[];
  readonly tags?: readonly string[];
}

/** A job (GitHub, GitLab) or a stage (Jenkins). Lines are of the document's file. */
export interface PipelineJob {
  readonly name: string;
  readonly line: number;
  readonly stage?: string;
  /** Jobs it waits for; undefined: it waits for all of the stages before its own. */
  readonly needs: readonly string[] | undefined;
  readonly image?: { readonly name: string; readonly line: number; readonly entrypoint: boolean };
  readonly environment?: string;
  /** It runs for some branches, tags or on request only. */
  readonly restricted: boolean;
  /** A person starts it, or confirms it. */
  readonly manual: boolean;
  /** Some of what it does stands in a file that is not this one. */
  readonly unread: boolean;
  /** It runs on a machine or in a container that is new each time. */
  readonly hosted: boolean;
  readonly commands: readonly PipelineCommand[];
  /** GitHub: actions by name; Jenkins: steps by name; with what they are given as text. */
  readonly uses: readonly PipelineUse[];
  readonly services: readonly string[];
  readonly caches: readonly { readonly line: number; readonly path: string }[];
  /** Environment variables of known text, those of the whole file among them. */
  readonly variables: ReadonlyMap<string, string>;
  /** Jenkins: the text of `when`; GitHub: `if`; GitLab: `only` and `except`. */
  readonly condition?: { readonly line: number; readonly text: string };
}

export interface PipelineCommand {
  readonly line: number;
  readonly text: string;
  /** The step has a condition of its own. */
  readonly conditional: boolean;
}

export interface PipelineUse {
  readonly line: number;
  readonly name: string;
  readonly given: string;
  readonly conditional: boolean;
  /** Jenkins: it stands in a `script` block, where a name may be a variable or method. */
  readonly scripted?: boolean;
}

/** Filebeat, Logstash, promtail, Fluent Bit. */
export interface LogShipperDocument extends DocumentBase {
  readonly kind: "log-shipper";
  readonly product: "filebeat" | "logstash" | "promtail" | "fluent-bit";
  /** Files that it reads, as written. */
  readonly paths: readonly { readonly line: number; readonly path: string }[];
  /** It reads what containers write to their standard output. */
  readonly readsContainers: boolean;
}

/** The text of a guide. */
export interface ProseDocument extends DocumentBase {
  readonly kind: "prose";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readDelivery(file: SourceFile): Document | undefined {
  return (
    readProse(file) ??
    readGithub(file) ??
    readGitlab(file) ??
    readJenkins(file) ??
    readLogShipper(file)
  );
}

/** What the documents of one unit say together. */
export function deliveryFacts(documents: Documents): readonly Fact[] {
  return [
    ...documents.of("pipeline").flatMap(pipelineFacts),
    ...documents.of("log-shipper").flatMap(shipperCalls),
    ...documents.of("prose").flatMap(pledges),
  ];
}
