import type { Verb } from "./verb.ts";

const ACCEPT = {
  flags: "--accept <rule...>",
  help: "go on although this rule found an error (recorded with the events)",
};
const YES = { flags: "-y, --yes", help: "do not ask (needed where nobody can answer)" };
const DRY_RUN = { flags: "--dry-run", help: "the same path up to the first write" };

export const VERBS: readonly Verb[] = [
  {
    name: "check",
    summary: "find what will hurt, in a declaration or in existing deployment files",
    arguments: [
      {
        name: "[system]",
        help: "a folder, a Markdown guide or a file; default: the declaration here",
      },
    ],
    options: [
      { flags: "--fail-on <severity>", help: "error (default) or warning" },
      { flags: "--notes", help: "also what hurts nobody today" },
      { flags: "--sarif", help: "SARIF 2.1.0 on stdout" },
      { flags: "--github", help: "workflow commands: findings beside the lines of a pull request" },
      { flags: "--baseline <file>", help: "findings of this file are known: only others count" },
      { flags: "--write-baseline <file>", help: "take all findings of now as known" },
      { flags: "--fix", help: "mend what can be mended without asking, and check again" },
      { flags: "--dry-run", help: "show what --fix would change" },
      { flags: "--no-native", help: "ask no installed program (haproxy -c, promtool, …) as well" },
      { flags: "--no-catalogues", help: "without facts about products", hidden: true },
    ],
    load: () => import("./commands/check.ts"),
  },
  {
    name: "explain",
    summary: "every value with its source; what a field, rule, drill or exit code means",
    arguments: [
      { name: "[what...]", help: "a field (services.router.ready), rule, drill or exit-codes" },
    ],
    options: [],
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "plan",
    summary: "what up would change, and what that costs",
    arguments: [{ name: "[system]", help: "a declaration, or a folder with one" }],
    options: [
      { flags: "--out <file>", help: "write the plan, for up --plan" },
      { flags: "--exit-code", help: "exit 3 when there are changes" },
    ],
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "up",
    summary: "make what runs what is declared",
    arguments: [{ name: "[system]", help: "a declaration, or a folder with one" }],
    options: [
      { flags: "--plan <file>", help: "do exactly this plan; exit 9 when the world changed since" },
      ACCEPT,
      YES,
      DRY_RUN,
    ],
    load: () => import("./commands/up.ts"),
  },
  {
    name: "deploy",
    summary: "roll services to their new release, and nothing else",
    arguments: [{ name: "[service...]", help: "only these services" }],
    options: [
      { flags: "--from <folder>", help: "take the service's files from this folder instead" },
      ACCEPT,
      YES,
      DRY_RUN,
    ],
    load: () => import("./commands/deploy.ts"),
  },
  {
    name: "rollback",
    summary: "go back to the last committed release",
    arguments: [{ name: "[service...]", help: "only these services" }],
    options: [
      { flags: "--to <release>", help: "to this one instead, which was committed here once" },
      YES,
      DRY_RUN,
    ],
    load: () => import("./commands/rollback.ts"),
  },
  {
    name: "scale",
    summary: "run more or fewer instances until the next up",
    arguments: [{ name: "<service=replicas...>", help: "for example router=5" }],
    options: [DRY_RUN],
    load: () => import("./commands/scale.ts"),
  },
  {
    name: "restart",
    summary: "replace every instance by another one of the same release, no request failed",
    arguments: [{ name: "[service...]", help: "only these services" }],
    options: [DRY_RUN],
    load: () => import("./commands/restart.ts"),
  },
  {
    name: "isolate",
    summary: "take one instance out of the edge, for diagnosis; it runs on",
    arguments: [{ name: "<instance>", help: "for example router-2" }],
    options: [
      { flags: "--because <text>", help: "why, for whoever reads status" },
      { flags: "--allow-outage", help: "also the last one that answers" },
      DRY_RUN,
    ],
    load: () => import("./commands/isolate.ts"),
  },
  {
    name: "rejoin",
    summary: "bring an isolated instance back, once it is ready",
    arguments: [{ name: "<instance>", help: "for example router-2" }],
    options: [DRY_RUN],
    load: () => import("./commands/rejoin.ts"),
  },
  {
    name: "exec",
    summary: "run a program beside an instance: its files, environment and secrets",
    arguments: [
      { name: "<instance>", help: "an instance (router-2), or a service: its first ready one" },
      { name: "<command...>", help: "the program and its arguments; its exit code is ours" },
    ],
    options: [{ flags: "--timeout <duration>", help: "end it after this long (default 1h)" }],
    passThrough: true,
    load: () => import("./commands/exec.ts"),
  },
  {
    name: "job",
    summary: "jobs and how they ran; `job run NAME` runs one now",
    arguments: [
      { name: "[what...]", help: "list (default), or run, done or again, and a job's name" },
    ],
    options: [DRY_RUN],
    load: () => import("./commands/job.ts"),
  },
  {
    name: "status",
    summary: "what runs, and which objectives hold",
    arguments: [{ name: "[system]", help: "a declaration, or a folder with one" }],
    options: [{ flags: "--held", help: "exit 7 or 8 unless every objective is held" }],
    load: () => import("./commands/status.ts"),
  },
  {
    name: "logs",
    summary: "what instances wrote",
    arguments: [{ name: "[unit]", help: "a service, or one instance (router-2)" }],
    options: [
      { flags: "-f, --follow", help: "go on as lines are written" },
      { flags: "-n, --tail <lines>", help: "last lines of each instance (default 100)" },
      { flags: "--search <text>", help: "only lines that hold this text, in any case" },
    ],
    load: () => import("./commands/logs.ts"),
  },
  {
    name: "events",
    summary: "what happened, in order",
    arguments: [{ name: "[system]", help: "a declaration, or a folder with one" }],
    options: [{ flags: "-n, --tail <events>", help: "only the last ones (default 50)" }],
    load: () => import("./commands/events.ts"),
  },
  {
    name: "history",
    summary: "what was done here, operation by operation, and how each ended",
    arguments: [{ name: "[system]", help: "a declaration, or a folder with one" }],
    options: [{ flags: "-n, --tail <operations>", help: "only the last ones (default 20)" }],
    load: () => import("./commands/history.ts"),
  },
  {
    name: "drill",
    summary: "break it under load and measure what held",
    arguments: [{ name: "[drill...]", help: "kill-instance, freeze-instance, …" }],
    options: [
      { flags: "--list", help: "the drills there are" },
      { flags: "--all", help: "every drill that applies, the gentlest first" },
      { flags: "--due", help: "those that are due by drills.every (for a scheduler)" },
      { flags: "--tier <tier>", help: "the highest tier that may run (default T1)" },
      { flags: "--unit <service>", help: "break this service" },
      { flags: "--runs <n>", help: "runs of each drill (default 1)" },
      { flags: "--seed <n>", help: "the same choices again" },
      { flags: "--allow-outage", help: "may take the last healthy member" },
      { flags: "--report <file>", help: "an HTML page of it; without a drill, of what was kept" },
      YES,
    ],
    load: () => import("./commands/drill.ts"),
  },
  {
    name: "down",
    summary: "stop everything; data stays",
    arguments: [{ name: "[system]", help: "a declaration, or a folder with one" }],
    options: [{ flags: "--data", help: "delete the volumes too (asks twice)" }, YES, DRY_RUN],
    load: () => import("./commands/down.ts"),
  },
  {
    name: "doctor",
    summary: "is this machine fit, and is the state whole",
    arguments: [{ name: "[system]", help: "also look at this system's state" }],
    options: [
      { flags: "--repair", help: "set damaged files aside, keeping what can be read" },
      YES,
    ],
    load: () => import("./commands/doctor.ts"),
  },
];
