import type { Complaint, Tool } from "./tool.ts";

/** Debian builds Prometheus without most service discoveries, and promtool refuses their keys. */
const STRIPPED = /field \w+_sd_configs not found/;

/** `--syntax-only`: rule files and secrets are paths inside a container, not here. */
export const promtoolConfig: Tool = {
  name: "promtool",
  program: "promtool",
  versionArgs: ["--version"],
  takes: ({ kind }) => kind === "prometheus",
  isPartial: true,
  prepare: ({ text }) => ({
    asked: true,
    files: { "prometheus.yml": text },
    args: ["check", "config", "--syntax-only", "prometheus.yml"],
  }),
  complaints: yamlComplaints,
  isForgiven: (message) => STRIPPED.test(message) || /unknown service discovery/.test(message),
};

export const promtoolRules: Tool = {
  name: "promtool",
  program: "promtool",
  versionArgs: ["--version"],
  takes: ({ kind }) => kind === "prometheus-rules",
  prepare: ({ text }) => ({
    asked: true,
    files: { "rules.yml": text },
    args: ["check", "rules", "rules.yml"],
  }),
  complaints: yamlComplaints,
  isForgiven: () => false,
};

export const amtool: Tool = {
  name: "amtool",
  program: "amtool",
  versionArgs: ["--version"],
  takes: ({ kind }) => kind === "alertmanager",
  prepare: ({ text }) => ({
    asked: true,
    files: { "alertmanager.yml": text },
    args: ["check-config", "alertmanager.yml"],
  }),
  complaints: yamlComplaints,
  isForgiven: (message) => /template|no such file/i.test(message),
};

/**
 * `line 6: field subject not found in type config.plain`, `rules.yml: 5:15: group "a", rule 1: …`,
 * `FAILED: undefined receiver "x" used in route`.
 */
function yamlComplaints(output: string): readonly Complaint[] {
  return output.split("\n").flatMap((line): readonly Complaint[] => {
    const text = line.trim().slice(0, 500);
    const [, at, message] =
      /^line (\d+): (.*)$/.exec(text) ?? /^\S+\.yml: (\d+):\d+: (.*)$/.exec(text) ?? [];
    if (at !== undefined) return [{ line: Number(at), message: message ?? text }];
    const [, failed = ""] = /\bFAILED:\s*(.*)$/.exec(text) ?? [];
    if (failed === "" || failed.endsWith("unmarshal errors:")) return [];
    const [, lineOf] = /\bline (\d+)/.exec(failed) ?? [];
    return [{ line: lineOf === undefined ? undefined : Number(lineOf), message: failed }];
  });
}
