import { z } from "zod";
import { isOfThisMachine, type Complaint, type Tool } from "./tool.ts";

const COMMENTS = z.object({
  comments: z.array(z.object({ line: z.int(), code: z.int(), message: z.string() })),
});

/** Only what it calls an error: the rest is style, and it has hundreds of it. */
export const shellcheck: Tool = {
  name: "shellcheck",
  program: "shellcheck",
  versionArgs: ["--version"],
  takes: ({ kind, file }) => kind === "shell" && file.text.startsWith("#!"),
  prepare: ({ text }) => ({
    asked: true,
    files: { "script.sh": text },
    args: ["--norc", "--severity=error", "--format=json1", "script.sh"],
  }),
  complaints: (output) => {
    const [, json] = /^(\{"comments":.*\})$/m.exec(output) ?? [];
    if (json === undefined) return [];
    const parsed = COMMENTS.safeParse(JSON.parse(json));
    return (parsed.data?.comments ?? []).map(({ line, code, message }): Complaint => {
      return { line, message: `SC${String(code)}: ${message}` };
    });
  },
  isForgiven: () => false,
};

/** `-d` runs nothing and moves nothing; the state file is its own. */
export const logrotate: Tool = {
  name: "logrotate",
  program: "logrotate",
  versionArgs: ["--version"],
  takes: ({ kind }) => kind === "logrotate",
  prepare: ({ text }, { folder }) =>
    /^\s*include\b/m.test(text)
      ? { asked: false, because: "it includes files of the machine" }
      : {
          asked: true,
          files: { rotate: text },
          args: ["-d", "-s", `${folder}/state`, "rotate"],
        },
  complaints: (output) =>
    output.split("\n").flatMap((line): readonly Complaint[] => {
      const [, at, message = ""] = /^error: \S*?:(\d+) (.*)$/.exec(line) ?? [];
      return at === undefined ? [] : [{ line: Number(at), message }];
    }),
  isForgiven: (message) =>
    isOfThisMachine(message) || /unknown (?:user|group)|stat of|insecure permissions/.test(message),
};
