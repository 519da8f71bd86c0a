import { dockerfileOf } from "../../../facts/containers/compose-build.ts";
import { finalStage, type Instruction } from "../../../facts/containers/dockerfile.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { isRehearsal } from "./intent.ts";

const HEAP = /-Xmx|MaxRAMPercentage|MaxRAMFraction|MaxHeapSize/;
/** Read by the JVM itself, whatever starts it. */
const OPTIONS = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"];

/** A JVM that nobody tells its heap takes a quarter of the container's memory. */
export function quarterHeaps(unit: Unit): readonly Found[] {
  return unit.documents.of("dockerfile").flatMap((document): readonly Found[] => {
    const stage = finalStage(document, undefined) ?? [];
    const start = stage.findLast(({ keyword }) => keyword === "ENTRYPOINT" || keyword === "CMD");
    const isPlain = start?.exec === true && start.words[0] === "java";
    if (start === undefined || !isPlain || isRehearsal(document.file.path)) return [];
    if (stage.some(tellsHeap)) return [];
    const isToldByService = unit.repository.facts
      .of("component")
      .filter((component) => dockerfileOf(component, unit.repository.documents) === document)
      .some(({ environment }) => OPTIONS.some((name) => environment.has(name)));
    if (isToldByService) return [];
    return [
      {
        severity: "note",
        message: "java is started without a heap size, so it takes a quarter of the memory",
        places: [start.at],
        why:
          "three quarters of the limit stay unused, and the program ends with OutOfMemoryError " +
          "under a load that the container has room for",
        fix: 'CMD ["java", "-XX:MaxRAMPercentage=70", "-jar", …]',
      },
    ];
  });
}

function tellsHeap({ keyword, text }: Instruction): boolean {
  if (!["ENV", "ENTRYPOINT", "CMD"].includes(keyword)) return false;
  return HEAP.test(text) || OPTIONS.some((name) => text.includes(name));
}
