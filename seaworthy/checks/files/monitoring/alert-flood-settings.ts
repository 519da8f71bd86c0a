import { durationMs } from "../../../facts/monitoring/duration.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { AlertmanagerDocument } from "../../../facts/monitoring/alertmanager.ts";
import type { Located } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";

/** Alertmanager's own default is 5m; below a minute each new alert of a group is a message. */
const GROUP_INTERVAL_MIN_MS = 60_000;
/** Default 4h; what is repeated more often than this is switched off by whoever gets it. */
const REPEAT_MIN_MS = 300_000;

export const alertFloodSettings: FileRule = {
  name: "alert-flood-settings",
  summary: "groups of alerts are sent again after seconds",
  check: (unit) => monitoringIn(unit.documents, "alertmanager").flatMap(floods),
};

function floods({ route }: AlertmanagerDocument): readonly Found[] {
  const short = [
    ...below(route.times.get("group_interval"), GROUP_INTERVAL_MIN_MS, "group_interval"),
    ...below(route.times.get("repeat_interval"), REPEAT_MIN_MS, "repeat_interval"),
  ];
  const [first, ...others] = short;
  if (first === undefined) return [];
  const wait = below(route.times.get("group_wait"), GROUP_INTERVAL_MIN_MS / 4, "group_wait");
  const all = [first, ...others, ...wait];
  return [
    {
      severity: "note",
      message: `the root route sends again after seconds: ${all
        .map(({ value }) => value)
        .join(", ")}`,
      places: [first.at, ...[...others, ...wait].map(({ at }) => at)],
      why: "In an outage with fifty alerts, whoever is on call gets a message every few seconds.",
      fix: "`group_wait: 30s`, `group_interval: 5m` and `repeat_interval: 4h` are the defaults.",
    },
  ];
}

function below(
  time: Located<string> | undefined,
  min: number,
  key: string,
): readonly Located<string>[] {
  const ms = durationMs(time?.value);
  if (time === undefined || ms === undefined || ms >= min) return [];
  return [{ value: `${key} ${time.value}`, at: time.at }];
}
