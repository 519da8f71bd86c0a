import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";

/** Pipelines, log shippers and the prose of a guide. */
export type DeliveryDocument = PipelineDocument | LogShipperDocument | ProseDocument;

export interface PipelineDocument extends DocumentBase {
  readonly kind: "pipeline";
}

export interface LogShipperDocument extends DocumentBase {
  readonly kind: "log-shipper";
}

export interface ProseDocument extends DocumentBase {
  readonly kind: "prose";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readDelivery(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together. */
export function deliveryFacts(_documents: Documents): readonly Fact[] {
  return [];
}
