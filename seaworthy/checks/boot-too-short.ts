import { formatDuration } from "@seaworthy/std/duration";
import type { Rule } from "./rule.ts";

export const bootTooShort: Rule = {
  name: "boot-too-short",
  check: ({ parsed }) =>
    Object.values(parsed.system.services).flatMap(({ name, bootMs, ready }) => {
      const earliestMs = ready.rise * ready.everyMs;
      if (bootMs >= earliestMs) return [];
      const earliest = formatDuration(earliestMs);
      return [
        {
          rule: "boot-too-short",
          severity: "error",
          message:
            `\`${name}\` has ${formatDuration(bootMs)} to get ready, ` +
            `and getting ready takes ${earliest} at best`,
          places: [{ path: `services.${name}.boot` }, { path: `services.${name}.ready` }],
          why: "Ready is `rise` passes, `every` apart: no instance can ever make it in time.",
          fix: `Write boot: "${formatDuration(earliestMs * 10)}" or more, or ask more often.`,
        } as const,
      ];
    }),
};
