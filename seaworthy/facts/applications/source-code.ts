import type { SourceFile } from "../source.ts";
import type { ApplicationSourceDocument } from "./applications.ts";

type Language = ApplicationSourceDocument["language"];

const LANGUAGES: ReadonlyMap<string, Language> = new Map([
  ["java", "java"],
  ["kt", "java"],
  ["js", "javascript"],
  ["cjs", "javascript"],
  ["mjs", "javascript"],
  ["jsx", "javascript"],
  ["ts", "javascript"],
  ["tsx", "javascript"],
  ["py", "python"],
  ["go", "go"],
  ["rb", "ruby"],
  ["php", "php"],
]);
/** Generated or bundled code is larger than what people write. */
const SOURCE_CHARACTERS_MAX = 400_000;
/** What tests say is no promise of the application. */
const TESTS =
  /(^|\/)(tests?|__tests__|spec|e2e|fixtures|examples?)\/|\.(test|spec)\.\w+$|_test\.go$/;

/** Source code of an application, by its ending. */
export function readSource(file: SourceFile): ApplicationSourceDocument | undefined {
  const ending = /\.([a-z]+)$/.exec(file.path.replace(/~\d+(?=\.|$)/, ""))?.[1] ?? "";
  const language = LANGUAGES.get(ending);
  if (language === undefined || file.text.length > SOURCE_CHARACTERS_MAX) return undefined;
  if (TESTS.test(file.path)) return undefined;
  return { kind: "application-source", file, language, problems: [] };
}
