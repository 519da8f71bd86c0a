import type { Unit } from "../../../facts/unit.ts";

/** Profiles that containers or the configuration make active; empty where none says so. */
export function activeProfiles(unit: Unit): ReadonlySet<string> {
  const said = [
    ...unit.facts
      .of("component")
      .flatMap(({ environment }) => environment.get("SPRING_PROFILES_ACTIVE")?.value ?? []),
    ...unit.documents
      .of("spring-configuration")
      .flatMap(({ keys }) =>
        keys
          .filter(({ key }) => /^spring\.profiles\.(active|include|group)/.test(key))
          .map(({ value }) => value),
      ),
  ];
  return new Set(
    said
      .flatMap((value) => value.split(","))
      .map((name) => name.replace(/^\$\{\w+:-?|\}$/g, "").trim()),
  );
}

/** The file belongs to a profile that this unit does not run. */
export function isOfOtherProfile(unit: Unit, path: string): boolean {
  const document = unit.documents.of("spring-configuration").find(({ file }) => file.path === path);
  const active = activeProfiles(unit);
  return document?.profile !== undefined && active.size > 0 && !active.has(document.profile);
}
