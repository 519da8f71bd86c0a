import { once } from "../once.ts";
import file from "./jenkins.json" with { type: "json" };

const plugins = once(() => {
  const byStep = new Map<string, string[]>();
  for (const row of file.plugins) {
    const [plugin = "", ...steps] = row.split(" ");
    for (const step of steps) byStep.set(step, [...(byStep.get(step) ?? []), plugin]);
  }
  return byStep;
});

/**
 * The plugins that bring the step, by their ids; empty: none in the catalogue, which leaves a
 * shared library or a plugin it does not list.
 */
export function jenkinsPluginsOf(step: string): readonly string[] {
  return plugins().get(step) ?? [];
}

/** Every step, for a suggestion of the nearest one. */
export function jenkinsSteps(): Iterable<string> {
  return plugins().keys();
}

const WORDS = {
  globals: once(() => new Set(file.globals.split(" "))),
  sections: once(() => new Set(file.sections.split(" "))),
  postConditions: once(() => new Set(file.postConditions.split(" "))),
  when: once(() => new Set(file.when.split(" "))),
  options: once(() => new Set(file.options.split(" "))),
} as const;

/** Words of the declarative syntax, by where they stand. */
export type JenkinsPlace = keyof typeof WORDS;

export function isJenkinsWord(place: JenkinsPlace, word: string): boolean {
  return WORDS[place]().has(word);
}

export function jenkinsSources(): readonly string[] {
  return file.sources;
}
