import type { Document } from "../../facts/document.ts";
import type { Location } from "../../facts/source.ts";
import type { Unit } from "../../facts/unit.ts";
import type { Found } from "./file-rule.ts";

/** What it is worth that nobody in a unit defines what a document names. */
export interface Absence {
  readonly severity: Found["severity"];
  /** The other end: who runs the document, or where the unit is open. */
  readonly seen: readonly Location[];
  /** A half sentence for the message; empty where the world is closed. */
  readonly because: string;
}

/**
 * Missing evidence is not a missing thing. An error only where the document itself is used by
 * something that runs in the unit and the unit is closed; a warning where nothing here runs the
 * document; a note where the unit has an open edge.
 */
export function absence(unit: Unit, document: Document): Absence {
  const [edge] = unit.openEdges;
  if (edge !== undefined) {
    return { severity: "note", seen: [edge.at], because: `unless it comes from ${edge.because}` };
  }
  const consumer = unit.consumerOf(document);
  if (consumer !== undefined) return { severity: "error", seen: [consumer], because: "" };
  return { severity: "warning", seen: [], because: "and nothing here runs this file itself" };
}
