import type { Fact, Pledge } from "../fact.ts";
import { at } from "../source.ts";
import type { ProseDocument } from "./delivery.ts";

const LINE_CHARACTERS_MAX = 500;
const UNITS: readonly { readonly pattern: RegExp; readonly ms: number }[] = [
  { pattern: /^(s|sec(ond)?s?|秒)/i, ms: 1000 },
  { pattern: /^(min(ute)?s?|分钟?)/i, ms: 60_000 },
  { pattern: /^(h|hours?|小时)/i, ms: 3_600_000 },
  { pattern: /^(d|days?|天)/i, ms: 86_400_000 },
];

/** Times and ratios that a document promises; its code blocks are no promises. */
export function pledges({ file }: ProseDocument): readonly Fact[] {
  const found: Fact[] = [];
  let fenced = false;
  file.text.split("\n").forEach((line, index) => {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    if (fenced || line.length > LINE_CHARACTERS_MAX) return;
    const pledge = pledgeIn(line);
    if (pledge !== undefined) found.push({ kind: "pledge", at: at(file, index + 1), ...pledge });
  });
  return found;
}

function pledgeIn(line: string): Omit<Pledge, "kind" | "at"> | undefined {
  const text = line.replace(/[*_`#|]/g, "").trim();
  const what = /\bRPO\b|recovery point/i.test(line)
    ? "rpo"
    : /\bRTO\b|recovery time/i.test(line)
      ? "rto"
      : undefined;
  if (what !== undefined) {
    const ms = durationIn(text);
    return ms === undefined ? undefined : { what, figure: ms, text };
  }
  const [, percent] = /\b(9\d(?:\.\d{1,5})?)\s*%/.exec(text) ?? [];
  if (percent !== undefined && /availab|uptime|可用|运行时间|SLA|SLO/i.test(text)) {
    return { what: "availability", figure: Number(percent) / 100, text };
  }
  const feature =
    /encrypt(ion|ed)? at rest|静态.{0,4}加密|auto-?scal\w*|自动(扩|伸缩)\S{0,4}|auto(matic)? fail-?over|自动(故障转移|切换)|multi-?AZ|多可用区|blue[- ]green|蓝绿|rolling (update|deploy)\w*|滚动(更新|部署)/i.exec(
      text,
    );
  return feature === null ? undefined : { what: "feature", text: feature[0] };
}

function durationIn(text: string): number | undefined {
  const [, digits, unit = ""] =
    /(\d{1,5}(?:\.\d{1,3})?)\s*([a-z]+|秒|分钟?|小时|天)/i.exec(text) ?? [];
  const known = UNITS.find(({ pattern }) => pattern.test(unit));
  return digits === undefined || known === undefined ? undefined : Number(digits) * known.ms;
}
