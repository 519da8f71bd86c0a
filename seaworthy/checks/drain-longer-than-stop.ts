import { formatDuration } from "@seaworthy/std/duration";
import type { Rule } from "./rule.ts";

export const drainLongerThanStop: Rule = {
  name: "drain-longer-than-stop",
  check: ({ parsed }) =>
    Object.values(parsed.system.services)
      .filter(({ drainMs, stopMs }) => drainMs > stopMs)
      .map(({ name, drainMs, stopMs }) => ({
        rule: "drain-longer-than-stop",
        severity: "error",
        message:
          `\`${name}\` may drain for ${formatDuration(drainMs)}, ` +
          `and is killed ${formatDuration(stopMs)} after SIGTERM`,
        places: [{ path: `services.${name}.drain` }, { path: `services.${name}.stop` }],
        why:
          "Outside a roll (a reboot, a restart) SIGTERM comes first: " +
          "requests get `stop`, not `drain`.",
        fix: `Write stop: "${formatDuration(drainMs)}" or more, or a shorter drain.`,
      })),
};
