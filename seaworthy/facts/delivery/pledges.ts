import type { Fact, Feature, Pledge } from "../fact.ts";
import { at } from "../source.ts";
import type { ProseDocument } from "./delivery.ts";

const LINE_CHARACTERS_MAX = 500;
const UNITS: readonly { readonly pattern: RegExp; readonly ms: number }[] = [
  { pattern: /^(?:s|sec(?:ond)?s?|秒)$/i, ms: 1000 },
  { pattern: /^(?:min(?:ute)?s?|分钟?)$/i, ms: 60_000 },
  { pattern: /^(?:h|hr|hrs|hours?|小时)$/i, ms: 3_600_000 },
  { pattern: /^(?:d|days?|天)$/i, ms: 86_400_000 },
];

/** English and Chinese words for what is often promised. */
const FEATURES: readonly { readonly feature: Feature; readonly words: RegExp }[] = [
  {
    feature: "encryption-at-rest",
    words:
      /encrypt\w{0,3} (?:data )?(?:in transit and )?at[- ]rest|at-rest encryption|静态.{0,4}加密/i,
  },
  { feature: "autoscaling", words: /auto-?scal\w*|自动(?:扩|伸缩)\S{0,4}/i },
  {
    feature: "automatic-failover",
    words: /automatic(?:ally)? fail-?over|auto-?fail-?over|自动(?:故障转移|切换)|故障自动转移/i,
  },
  { feature: "several-zones", words: /multi-?AZ|multiple availability zones|多可用区/i },
  { feature: "blue-green", words: /blue[-/ ]green|蓝绿/i },
  { feature: "rolling-update", words: /rolling (?:update|deploy)\w*|滚动(?:更新|部署)/i },
];

/** Times, ratios and features that a document promises; its code blocks are no promises. */
export function pledges({ file }: ProseDocument): readonly Fact[] {
  const found: Fact[] = [];
  let fenced = false;
  file.text.split("\n").forEach((line, index) => {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    if (fenced || line.length > LINE_CHARACTERS_MAX) return;
    const place = at(file, index + 1);
    for (const pledge of pledgesIn(line)) found.push({ kind: "pledge", at: place, ...pledge });
  });
  return found;
}

type Said = Omit<Pledge, "kind" | "at">;

function pledgesIn(line: string): readonly Said[] {
  const text = line.replace(/[*_`#|]/g, "").trim();
  return [...recoveryIn(text), ...availabilityIn(text), ...featuresIn(text)];
}

function recoveryIn(text: string): readonly Said[] {
  const point = /\bRPO\b|recovery point/i.exec(text);
  const time = /\bRTO\b|recovery time/i.exec(text);
  const said = [
    { what: "rpo", found: point, until: time },
    { what: "rto", found: time, until: point },
  ] as const;
  return said.flatMap(({ what, found, until }): readonly Said[] => {
    if (found === null) return [];
    // One line may say both: a figure belongs to the name before it.
    const end = until === null || until.index < found.index ? text.length : until.index;
    const figure = durationIn(text.slice(found.index, end));
    return figure === undefined ? [] : [{ what, figure, text }];
  });
}

function availabilityIn(text: string): readonly Said[] {
  const [, percent] = /\b(9\d(?:\.\d{1,5})?)\s?%/.exec(text) ?? [];
  if (percent === undefined || !/availab|uptime|可用|运行时间|\bSLA\b|\bSLO\b/i.test(text))
    return [];
  return [{ what: "availability", figure: Number(percent) / 100, text }];
}

function featuresIn(text: string): readonly Said[] {
  return FEATURES.flatMap(({ feature, words }): readonly Said[] => {
    const found = words.exec(text);
    return found === null ? [] : [{ what: "feature", feature, text: found[0] }];
  });
}

function durationIn(text: string): number | undefined {
  const [, digits, unit = ""] =
    /(\d{1,5}(?:\.\d{1,3})?)\s?([a-z]{1,10}|秒|分钟?|小时|天)/i.exec(text) ?? [];
  const known = UNITS.find(({ pattern }) => pattern.test(unit));
  return digits === undefined || known === undefined ? undefined : Number(digits) * known.ms;
}
