import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { SpringConfigurationDocument } from "../../../facts/applications/applications.ts";
import type { FileRule, Found } from "../file-rule.ts";

/** https://docs.spring.io/spring-boot/reference/features/profiles.html: refused since Boot 2.4. */
const REFUSED = /^spring\.profiles\.(active|include|default)(\[\d+\])?$/;

export const springProfileKeyInProfileFile: FileRule = {
  name: "spring-profile-key-in-profile-file",
  summary: "a profile's own file sets the active profiles, which Spring Boot refuses",
  check: (unit) => unit.documents.of("spring-configuration").flatMap((one) => inFile(unit, one)),
};

function inFile(unit: Unit, document: SpringConfigurationDocument): readonly Found[] {
  return document.keys.flatMap(({ key, line, onProfile }): readonly Found[] => {
    if (!REFUSED.test(key)) return [];
    const profile = onProfile ?? document.profile;
    if (profile === undefined || isOld(unit)) return [];
    return [
      {
        severity: "error",
        message: `${key} stands in what is only read when the profile ${profile} is active`,
        places: [at(document.file, line)],
        why:
          "Spring Boot 2.4 and later end at once with InvalidConfigDataPropertyException: no " +
          "instance starts with this profile, so nothing of the next deploy comes up",
        fix: `delete the key here; set SPRING_PROFILES_ACTIVE=${profile} where the program starts`,
      },
    ];
  });
}

/** The build file says a Spring Boot before 2.4. */
function isOld(unit: Unit): boolean {
  return unit.repository.documents.of("application-manifest").some(({ dependencies }) => {
    const boot =
      dependencies.get("spring-boot-starter-parent") ??
      dependencies.get("org.springframework.boot") ??
      dependencies.get("spring-boot-dependencies");
    const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(boot?.version ?? "") ?? [];
    return major !== undefined && (Number(major) < 2 || (major === "2" && Number(minor) < 4));
  });
}
