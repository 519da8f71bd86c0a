/** What is killed, in which world, and what is run afterwards. */

export interface Verb {
  readonly argv: readonly string[];
  /** Of the declaration that lies there when it runs. */
  readonly declared: Declared;
}

export interface Declared {
  readonly version: number;
  /** The new release of `web` never listens. */
  readonly bad?: boolean;
  /** How `web` is rolled; default rolling. */
  readonly strategy?: "blue-green" | "canary";
  /** Without the service `api`. */
  readonly withoutApi?: boolean;
}

export interface Scenario {
  readonly name: string;
  /** What runs undisturbed first. */
  readonly before: readonly Verb[];
  readonly verb: Verb;
  /** How it ends when nobody kills it. */
  readonly ends: Judged;
  readonly next: readonly Next[];
  /** Fewer changes than this would mean that the verb does not do what is to be killed. */
  readonly changesMin: number;
  /** Ready routed instances that each service keeps at every moment, killed or not. */
  readonly floors: Readonly<Record<string, number>>;
}

/** A verb that comes after the death, and how it may end. */
export interface Next {
  readonly verb: Verb;
  readonly ends: readonly Ending[];
  /** It may lower capacity. */
  readonly lowers?: true;
}

/**
 * `runs`: exactly this version of every service, and nothing else; `gone`: nothing at all;
 * `refused`: nothing changed, and the next `up` makes this version of everything.
 */
export type Ending =
  | {
      readonly end: "runs";
      readonly code: number;
      readonly version: number;
      readonly web?: number;
      /** Only where the verb that died had got so far, as its journal says. */
      readonly after?: Progress;
    }
  | { readonly end: "gone"; readonly code: number }
  | {
      readonly end: "refused";
      readonly code: number;
      readonly version: number;
      readonly after?: Progress;
    };

/** An ending at which it can be seen on the machine whether it is true. */
export type Judged = Exclude<Ending, { readonly end: "refused" }>;

/** How far the journal of a verb that died goes. */
export type Progress = "nothing" | "begin" | "end";

const up = (version: number): Verb => ({ argv: ["up", "--yes"], declared: { version } });
const deploy = (version: number): Verb => ({ argv: ["deploy"], declared: { version } });
const rollback = (version: number): Verb => ({ argv: ["rollback"], declared: { version } });
const down = (version: number): Verb => ({ argv: ["down", "--yes"], declared: { version } });
const scale = (web: number): Verb => ({ argv: ["scale", `web=${web}`], declared: { version: 2 } });
const drill = (name: string): Verb => ({
  argv: ["drill", name, "--seed", "7"],
  declared: { version: 2 },
});

type More = { readonly code?: number; readonly web?: number; readonly after?: Progress };

const GONE = { end: "gone", code: 0 } as const;
const runs = (version: number, more: More = {}): Judged => ({
  ...{ end: "runs", code: 0, version },
  ...more,
});
/** Back to 2: unless 3 was never begun, then 2 is what serves and 1 what was before it. */
const reversed = (whenEnded: number): Next => ({
  verb: rollback(3),
  ends: [
    runs(1, { after: "nothing" }),
    runs(2, { after: "begin" }),
    runs(whenEnded, { after: "end" }),
  ],
});
type Refused = Extract<Ending, { readonly end: "refused" }>;
const refused = (version: number, code = 9): Refused => ({ end: "refused", code, version });
const thenDown = (version: number): Next => ({
  verb: down(version),
  ends: [GONE],
  lowers: true,
});
const thenUp = (version: number): Next => ({ verb: up(version), ends: [runs(version)] });

/** A deploy leaves a number of instances as it is; one that is half-way it may leave to `up`. */
const deployAfterScale = (web: number): Next => ({
  verb: deploy(2),
  ends: [
    runs(2, { after: "nothing" }),
    runs(2, { web, after: "begin" }),
    runs(2, { after: "begin" }),
    runs(2, { web, after: "end" }),
    refused(2),
  ],
});

/** Version 2 is committed, 1 was before it. */
const TWO: readonly Verb[] = [up(1), up(2)];
const strategic = (strategy: "blue-green" | "canary"): Scenario => {
  const declared = { version: 3, strategy };
  const verb = { argv: ["deploy"], declared };
  return {
    name: `deploy, ${strategy}`,
    before: [up(1), up(2), { argv: ["up"], declared: { version: 2, strategy } }],
    verb,
    ends: runs(3),
    next: [
      { verb: { argv: ["up"], declared }, ends: [runs(3)] },
      { verb: { argv: ["rollback"], declared }, ends: reversed(2).ends },
    ],
    changesMin: 50,
    floors: BOTH,
  };
};
const BOTH = { api: 2, web: 2 };
const BAD: Verb = { argv: ["up"], declared: { version: 3, bad: true } };
const SMALLER: Verb = { argv: ["up", "--yes"], declared: { version: 2, withoutApi: true } };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "up, first",
    before: [],
    verb: up(1),
    ends: runs(1),
    next: [thenUp(1), { verb: deploy(1), ends: [runs(1), refused(1)] }, thenDown(1)],
    changesMin: 35,
    floors: {},
  },
  {
    name: "up, a change",
    before: TWO,
    verb: up(3),
    ends: runs(3),
    next: [thenUp(3), reversed(2), { verb: deploy(3), ends: [runs(3)] }, thenDown(3)],
    changesMin: 60,
    floors: BOTH,
  },
  {
    name: "up, a release that is never ready",
    before: TWO,
    verb: BAD,
    ends: runs(2, { code: 4 }),
    next: [{ verb: BAD, ends: [runs(2, { code: 4 })] }, reversed(1), thenUp(4), thenDown(3)],
    changesMin: 40,
    floors: BOTH,
  },
  {
    name: "up, a service is no longer declared",
    before: TWO,
    verb: SMALLER,
    ends: runs(2),
    next: [{ verb: SMALLER, ends: [runs(2)] }, thenUp(2), thenDown(2)],
    changesMin: 12,
    floors: { web: 2 },
  },
  {
    name: "deploy",
    before: TWO,
    verb: deploy(3),
    ends: runs(3),
    next: [{ verb: deploy(3), ends: [runs(3)] }, reversed(2), thenUp(3), thenDown(3)],
    changesMin: 60,
    floors: BOTH,
  },
  strategic("blue-green"),
  strategic("canary"),
  {
    name: "rollback",
    before: TWO,
    verb: rollback(2),
    ends: runs(1),
    next: [
      {
        verb: rollback(2),
        ends: [
          runs(1, { after: "nothing" }),
          runs(1, { after: "begin" }),
          // It is no toggle: what was taken back is gone to by its name alone.
          { ...refused(2), after: "end" },
        ],
      },
      thenUp(2),
      { verb: deploy(2), ends: [runs(2)] },
      thenDown(2),
    ],
    changesMin: 50,
    floors: BOTH,
  },
  {
    name: "scale up",
    before: TWO,
    verb: scale(3),
    ends: runs(2, { web: 3 }),
    next: [
      { verb: scale(3), ends: [runs(2, { web: 3 })] },
      thenUp(2),
      deployAfterScale(3),
      thenDown(2),
    ],
    changesMin: 12,
    floors: BOTH,
  },
  {
    name: "scale down",
    before: TWO,
    verb: scale(1),
    ends: runs(2, { web: 1 }),
    next: [
      { verb: scale(1), ends: [runs(2, { web: 1 })] },
      thenUp(2),
      deployAfterScale(1),
      thenDown(2),
    ],
    changesMin: 10,
    floors: { api: 2, web: 1 },
  },
  ...["kill-instance", "freeze-instance", "roll-under-load", "never-ready-release"].map(
    (name): Scenario => ({
      name: `drill ${name}`,
      before: TWO,
      verb: drill(name),
      ends: runs(2),
      next: [
        { verb: drill(name), ends: [runs(2), runs(2, { code: 8 }), refused(2, 8)] },
        thenUp(2),
        { verb: rollback(2), ends: [runs(1), runs(2)] },
        thenDown(2),
      ],
      changesMin: 6,
      floors: {},
    }),
  ),
  {
    name: "down",
    before: TWO,
    verb: down(2),
    ends: GONE,
    next: [thenDown(2), thenUp(2), { verb: rollback(2), ends: [runs(1), runs(2), refused(2)] }],
    changesMin: 25,
    floors: {},
  },
  {
    name: "down --data",
    before: TWO,
    verb: { argv: ["down", "--data", "--yes"], declared: { version: 2 } },
    ends: GONE,
    next: [thenDown(2), thenUp(3)],
    changesMin: 25,
    floors: {},
  },
];

const ROLLOUT = { strategy: "rolling", surge: 1, bake: "1s", bakeRequests: 10 };

/** The declaration as data: two services behind an edge, and a job that must run once. */
export function declaration({ version, bad, strategy, withoutApi }: Declared): string {
  const service = (name: string, command: readonly string[]): object => ({
    run: { build: "./apps/web", command },
    port: 8080,
    replicas: 2,
    ...{ boot: "6s", drain: "2s", stop: "3s" },
    env: { NAME: name, VERSION: `v${version}` },
    rollout: ROLLOUT,
  });
  const good = ["node", "main.ts"];
  const web = {
    ...service("web", bad === true ? ["node", "-e", '"never-ready"'] : good),
    rollout: { ...ROLLOUT, strategy: strategy ?? "rolling" },
  };
  return JSON.stringify({
    name: "shop",
    services: withoutApi === true ? { web } : { api: service("api", good), web },
    jobs: {
      migrate: {
        run: { build: "./apps/web", command: ["node", "job.ts"] },
        when: "before-rollout",
        env: { VERSION: `v${version}` },
      },
    },
    edge: { routes: { "/": "web" } },
    objectives: { errors: "1%", latency: { p95: "500ms" } },
    load: { rate: "50/s", mix: [{ GET: "/", weight: 1 }] },
    drills: { warmUp: "1s", baseline: "2s", window: "8s", freeze: "3s" },
  });
}
