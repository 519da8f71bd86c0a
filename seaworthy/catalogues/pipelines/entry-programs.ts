import { parseImageRef } from "../images/image-ref.ts";
import programsFile from "./entry-programs.json" with { type: "json" };

interface Row {
  readonly registry?: string;
  readonly image: string;
  readonly program: string;
  readonly source: string;
}

const rows: readonly Row[] = programsFile.images;

/** The program that an image starts with whatever it is given; undefined where none is known. */
export function entryProgram(ref: string): string | undefined {
  const { registry, repository } = parseImageRef(ref);
  const known = rows.find(
    (row) => row.image === repository && registry === (row.registry ?? "docker.io"),
  );
  return known?.program;
}

export function entryProgramSources(): readonly string[] {
  return rows.map(({ source }) => source);
}
