import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";
import { databaseUses } from "./database-use.ts";
import { readManifest } from "./manifest.ts";
import { readSource } from "./source-code.ts";
import { sourceFacts } from "./source-facts.ts";
import { actuatorPaths, springFacts } from "./spring-facts.ts";
import { readSpring } from "./spring.ts";
import { readSql } from "./sql.ts";
import { sqlFacts } from "./sql-facts.ts";

/** SQL, configuration of applications, their build files and their source. */
export type ApplicationDocument =
  | SqlDocument
  | SpringConfigurationDocument
  | ApplicationManifestDocument
  | ApplicationSourceDocument;

export interface SqlDocument extends DocumentBase {
  readonly kind: "sql";
  readonly statements: readonly SqlStatement[];
}

export interface SqlStatement {
  /** Line of its first word in the document's file. */
  readonly line: number;
  /** One line, spaces folded, comments gone. */
  readonly text: string;
}

/** `application*.yml` or `.properties`: keys joined by dots. */
export interface SpringConfigurationDocument extends DocumentBase {
  readonly kind: "spring-configuration";
  /** The part of the file's name after `application-`; undefined for the base file. */
  readonly profile: string | undefined;
  readonly keys: readonly SpringKey[];
}

export interface SpringKey {
  readonly key: string;
  /** As written. */
  readonly value: string;
  readonly line: number;
  /** `spring.config.activate.on-profile` of its YAML document. */
  readonly onProfile: string | undefined;
}

/** package.json, pom.xml, build.gradle, requirements.txt, pyproject.toml, go.mod. */
export interface ApplicationManifestDocument extends DocumentBase {
  readonly kind: "application-manifest";
  readonly format: "npm" | "maven" | "gradle" | "python" | "go";
  readonly dependencies: ReadonlyMap<string, Dependency>;
  /** npm scripts. */
  readonly scripts: ReadonlyMap<string, number>;
}

export interface Dependency {
  /** As written; `""` where the file says none. */
  readonly version: string;
  readonly line: number;
  readonly development: boolean;
}

/** Source code that is read for its routes, environment and metrics alone. */
export interface ApplicationSourceDocument extends DocumentBase {
  readonly kind: "application-source";
  readonly language: "java" | "javascript" | "python" | "go" | "ruby" | "php";
}

/** The file as one of this family; undefined when it is none. */
export function readApplications(file: SourceFile): Document | undefined {
  return readSpring(file) ?? readManifest(file) ?? readSql(file) ?? readSource(file);
}

/** What the documents of one unit say together. */
export function applicationFacts(documents: Documents): readonly Fact[] {
  return [
    ...documents.of("spring-configuration").flatMap(springFacts),
    ...actuatorPaths(documents),
    ...documents.of("sql").flatMap(sqlFacts),
    ...documents.of("application-source").flatMap(sourceFacts),
    ...databaseUses(documents),
  ];
}
