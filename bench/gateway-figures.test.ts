import assert from "node:assert/strict";
import { test } from "node:test";
import { type GatewayFigures, gatewayBars, gatewayRuns } from "./gateway-figures.ts";
import { type Circumstances, reportOf } from "./report.ts";

const bars = { ratioMax: 1.45, addedP99MsMax: 2 };

type Paced = GatewayFigures["paced"][number];
const aPaced = (gatewayP99Ms: number, over: Partial<Paced> = {}): Paced => {
  const lane = (p99Ms: number) => ({ sent: 100, answered: 100, broken: 0, p99Ms, lagP99Ms: 1 });
  const lanes = { upstream: lane(1), nginx: lane(1.2), bare: lane(1.5) };
  return { ...lanes, gateway: lane(gatewayP99Ms), ...over };
};

function figuresOf(gatewayMicros: readonly number[], paced: readonly Paced[]): GatewayFigures {
  const cpu = gatewayMicros.flatMap((micros) =>
    (["nginx", "bare", "gateway"] as const).map((lane) => ({
      lane,
      perSecond: 10_000,
      microsPerRequest: { nginx: 16, bare: 30, gateway: micros }[lane],
      busyPercent: 90,
      failed: 0,
    })),
  );
  return { bars, cpu, paced };
}

const CIRCUMSTANCES: Circumstances = {
  bench: "gateway",
  command: "",
  seed: 1,
  date: "",
  tookSeconds: 1,
  interrupted: false,
  commit: "",
  machine: {
    cores: 2,
    processor: "",
    kernel: "",
    node: "",
    loadAverageBefore: [],
    loadAverageAfter: [],
  },
};

function verdicts(figures: GatewayFigures): readonly string[] {
  const measured = { runs: gatewayRuns(figures), bars: gatewayBars(figures), notRun: [] };
  return reportOf(measured, CIRCUMSTANCES).bars.map(({ verdict }) => verdict);
}

const GOOD = Array.from({ length: 5 }, () => aPaced(2.5));

test("a gateway within its bars meets them", () => {
  assert.deepEqual(verdicts(figuresOf([40, 41, 42, 40, 43], GOOD)), ["met", "met"]);
});

test("one planted turn above 1.45 times the bare lane is not met", () => {
  assert.deepEqual(verdicts(figuresOf([40, 41, 45, 40, 43], GOOD)), ["not met", "met"]);
});

test("a planted p99 is not met, even where its lag comes from the gateway being slow", () => {
  const slow = aPaced(40);
  const late = { ...slow, gateway: { ...slow.gateway, lagP99Ms: 30 } };
  const [, added] = verdicts(figuresOf([40], [...GOOD, late]));
  assert.equal(added, "not met");
});

test("lag without the gateway says that the machine was busy: nothing is proved", () => {
  const lane = { sent: 100, answered: 100, broken: 0, p99Ms: 40, lagP99Ms: 30 };
  const busy = Array.from({ length: 5 }, () => aPaced(90, { bare: lane }));
  assert.equal(verdicts(figuresOf([40], busy))[1], "could not verify");
});
