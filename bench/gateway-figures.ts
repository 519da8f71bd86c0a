import { percentile } from "./statistics.ts";
import type { Bar, RunResult } from "./measured.ts";

/** What `bench/gateway.ts` prints. */
export interface GatewayFigures {
  readonly bars: { readonly ratioMax: number; readonly addedP99MsMax: number };
  readonly cpu: readonly CpuRun[];
  readonly paced: readonly Readonly<Record<"upstream" | Lane, PacedRun>>[];
}

type Lane = "nginx" | "bare" | "gateway";

interface CpuRun {
  readonly lane: Lane;
  readonly perSecond: number;
  readonly microsPerRequest: number;
  readonly busyPercent: number;
  readonly failed: number;
}

interface PacedRun {
  readonly sent: number;
  readonly answered: number;
  readonly broken: number;
  readonly p99Ms: number;
  readonly lagP99Ms: number;
}

const CPU = "cpu";
const PACED = "6,000/s";
const RATIO = "CPU per request over that of bare Node + undici";
const ADDED = "p99 added to that of the upstream alone (ms)";
const RUNS_NEEDED = 5;
/** As everywhere: a generator that sends later than this measures itself. */
const LAG_P99_MS_MAX = 10;

export function gatewayBars({ bars }: Pick<GatewayFigures, "bars">): readonly Bar[] {
  return [
    { cell: CPU, name: RATIO, limit: String(bars.ratioMax), runsNeeded: RUNS_NEEDED },
    { cell: PACED, name: ADDED, limit: `${bars.addedP99MsMax} ms`, runsNeeded: RUNS_NEEDED },
  ];
}

/** One run is one turn of all lanes, so that each is compared with its neighbours. */
export function gatewayRuns(figures: GatewayFigures): readonly RunResult[] {
  const of = (lane: Lane): readonly CpuRun[] => figures.cpu.filter((one) => one.lane === lane);
  const [nginx, bare] = [of("nginx"), of("bare")];
  const cpu = of("gateway").map((gateway, turn) => {
    const turns = { gateway, nginx: nginx[turn], bare: bare[turn] };
    return cpuRun(turns, figures.bars.ratioMax);
  });
  return [...cpu, ...figures.paced.map((one) => pacedRun(one, figures.bars.addedP99MsMax))];
}

interface Turn {
  readonly gateway: CpuRun;
  readonly nginx: CpuRun | undefined;
  readonly bare: CpuRun | undefined;
}

function cpuRun({ gateway, nginx, bare }: Turn, limit: number): RunResult {
  const lanes = { gateway, nginx, bare };
  const micros = Object.entries(lanes).flatMap(([lane, run]) =>
    run === undefined ? [] : [[`${lane}Micros`, run.microsPerRequest] as const],
  );
  const ratio = bare === undefined ? undefined : gateway.microsPerRequest / bare.microsPerRequest;
  const failed = gateway.failed + (bare?.failed ?? 0);
  return {
    cell: CPU,
    kind: "event",
    figures: {
      ...Object.fromEntries(micros),
      ...(ratio === undefined ? {} : { timesBare: ratio }),
    },
    // Without a proxy that is almost always busy, requests a second are no ceiling.
    facts: { lanes: JSON.stringify(lanes) },
    readings: ratio === undefined ? {} : { [RATIO]: { value: ratio, limit } },
    doubt: failed > 0 ? `${failed} requests failed` : undefined,
  };
}

function pacedRun(run: GatewayFigures["paced"][number], limit: number): RunResult {
  const addedP99Ms = run.gateway.p99Ms - run.upstream.p99Ms;
  return {
    cell: PACED,
    kind: "event",
    figures: {
      upstreamP99Ms: run.upstream.p99Ms,
      nginxP99Ms: run.nginx.p99Ms,
      bareP99Ms: run.bare.p99Ms,
      gatewayP99Ms: run.gateway.p99Ms,
      addedP99Ms,
    },
    facts: { lanes: JSON.stringify(run) },
    readings: { [ADDED]: { value: addedP99Ms, limit } },
    doubt: pacedDoubt(run),
  };
}

/**
 * A request waits for a free connection where answers are slow, which shows as lag too. So lag
 * speaks against the generator only where lanes without the gateway have it as well.
 */
function pacedDoubt(run: GatewayFigures["paced"][number]): string | undefined {
  const others = [run.upstream, run.nginx, run.bare];
  const late = others.filter(({ lagP99Ms }) => lagP99Ms >= LAG_P99_MS_MAX);
  if (late.length > 0) {
    const worst = percentile(
      late.map(({ lagP99Ms }) => lagP99Ms),
      100,
    );
    return `sent late without the gateway too: lag p99 ${worst.toFixed(1)} ms (< 10)`;
  }
  const broken = others.filter(({ sent, answered, broken: cut }) => answered < sent || cut > 0);
  return broken.length > 0 ? "a lane without the gateway lost requests" : undefined;
}
