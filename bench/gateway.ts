import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import type { GatewayConfig } from "@seaworthy/gateway/config";
import { systemClock } from "@seaworthy/std/clock";
import { applyConfig } from "./drive-gateway.ts";

/**
 * CPU of one request through nginx, through bare node:http with undici, and through the gateway, in
 * the same run: `node bench/gateway.ts [--runs 5] [--seconds 6] [--rate 6000]`. Prints JSON with
 * every run. Proxies are pinned to the last core, load and upstream to the first. Needs Linux, wrk,
 * nginx and taskset.
 */
const PORTS = { upstream: 28_100, nginx: 28_101, bare: 28_102, gateway: 28_103 } as const;
const LANES = ["nginx", "bare", "gateway"] as const;
type Lane = (typeof LANES)[number];

const BODY = JSON.stringify({ object: "list", data: "x".repeat(200) });
const CONNECTIONS = 64;
/** The bar of the gateway: CPU per request over that of the bare lane in the same run. */
const RATIO_MAX = 1.45;
const ADDED_P99_MS_MAX = 2;
const TICK_MS = 10;

const run = promisify(execFile);
const LOAD_CORE = "0";
const PROXY_CORE = String(cpus().length - 1);

interface CpuRun {
  readonly lane: Lane;
  readonly requests: number;
  readonly perSecond: number;
  readonly microsPerRequest: number;
  readonly busyPercent: number;
  readonly failed: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "6" },
      rate: { type: "string", default: "6000" },
      lane: { type: "string" },
    },
  });
  const seconds = Number(values.seconds);
  const lanes = LANES.filter((lane) => values.lane === undefined || values.lane === lane);
  await using bench = await startAll();
  const cpu: CpuRun[] = [];
  const paced: object[] = [];
  for (const lane of lanes) await measureCpu(bench, lane, 2);
  for (let turn = 0; turn < Number(values.runs); turn += 1) {
    // Lanes alternate, so that a busy minute of the machine hits them all.
    for (const lane of lanes) cpu.push(await measureCpu(bench, lane, seconds));
  }
  for (let turn = 0; turn < (Number(values.rate) > 0 ? Number(values.runs) : 0); turn += 1) {
    paced.push(await measurePaced(Number(values.rate), seconds));
  }
  const machine = { cores: cpus().length, node: process.version, loadAverage: loadavg() };
  const bars = { ratioMax: RATIO_MAX, addedP99MsMax: ADDED_P99_MS_MAX };
  process.stdout.write(
    `${JSON.stringify({ machine, bars, ratios: ratios(cpu), cpu, paced }, null, 1)}\n`,
  );
}

/** Gateway over bare, run by run. */
function ratios(all: readonly CpuRun[]): readonly number[] {
  const of = (lane: Lane): readonly CpuRun[] => all.filter((one) => one.lane === lane);
  const bare = of("bare");
  return of("gateway").flatMap((one, index) => {
    const other = bare[index];
    return other === undefined ? [] : [one.microsPerRequest / other.microsPerRequest];
  });
}

async function measureCpu(bench: Running, lane: Lane, seconds: number): Promise<CpuRun> {
  const pids = await bench.pids(lane);
  const before = await cpuMs(pids);
  const startMs = systemClock.now();
  const argv = ["-c", LOAD_CORE, "wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`];
  const { stdout } = await run("taskset", [...argv, `http://127.0.0.1:${PORTS[lane]}/bench`]);
  const tookMs = systemClock.now() - startMs;
  const usedMs = (await cpuMs(pids)) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  return {
    lane,
    requests,
    perSecond: Math.round((requests / tookMs) * 1_000),
    microsPerRequest: Math.round((usedMs / requests) * 100_000) / 100,
    busyPercent: Math.round((usedMs / tookMs) * 100),
    failed,
  };
}

/** What gateway-paced.ts prints. */
interface Paced {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lagP99Ms: number;
}

/** A generator that is later than this itself proves nothing about what it measures. */
const LAG_P99_MS_MAX = 10;

/** p99 of each lane and of the upstream alone, one after the other at the same rate. */
async function measurePaced(rate: number, seconds: number): Promise<object> {
  const outcome: Record<string, Paced> = {};
  for (const lane of ["upstream", ...LANES] as const) {
    const program = join(import.meta.dirname, "gateway-paced.ts");
    const argv = [program, String(PORTS[lane]), String(rate), String(seconds)];
    const { stdout } = await run("taskset", ["-c", LOAD_CORE, process.execPath, ...argv]);
    outcome[lane] = JSON.parse(stdout);
  }
  const addedP99Ms = (outcome["gateway"]?.p99Ms ?? 0) - (outcome["upstream"]?.p99Ms ?? 0);
  const isLate = Object.values(outcome).some((one) => one.lagP99Ms > LAG_P99_MS_MAX);
  return { addedP99Ms, doubt: isLate ? "the generator was late" : undefined, ...outcome };
}

async function cpuMs(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_MS;
}

interface Running extends AsyncDisposable {
  pids(lane: Lane): Promise<readonly number[]>;
}

async function startAll(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "gwb-"));
  const children: ChildProcess[] = [];
  const start = (core: string, ...command: readonly string[]): ChildProcess => {
    const child = spawn("taskset", ["-c", core, ...command], { stdio: "ignore" });
    children.push(child);
    return child;
  };
  const upstreamConf = join(folder, "upstream.conf");
  const proxyConf = join(folder, "proxy.conf");
  await writeFile(upstreamConf, nginxConf(folder, "upstream", upstreamServer()));
  await writeFile(proxyConf, nginxConf(folder, "proxy", proxyServer(folder)));
  start(LOAD_CORE, "nginx", "-c", upstreamConf);
  const nginx = start(PROXY_CORE, "nginx", "-c", proxyConf);
  const bareProgram = join(import.meta.dirname, "gateway-bare.ts");
  const ports = [String(PORTS.bare), String(PORTS.upstream)];
  const bare = start(PROXY_CORE, process.execPath, bareProgram, ...ports);
  const main = join(import.meta.dirname, "../gateway/main.ts");
  const control = join(folder, "control");
  const gatewayArgv = [main, "--state", join(folder, "state"), "--control", control];
  const gateway = start(PROXY_CORE, process.execPath, ...nodeFlags(), ...gatewayArgv);
  const { workerPid } = await applyConfig(control, gatewayConfig(join(folder, "access.jsonl")));
  await Promise.all(Object.values(PORTS).map(answers));
  return {
    pids: async (lane) =>
      lane === "nginx"
        ? [nginx.pid ?? 0]
        : lane === "bare"
          ? [bare.pid ?? 0]
          : [gateway.pid ?? 0, workerPid],
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(children.map(ended));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `GATEWAY_NODE_FLAGS="--cpu-prof --cpu-prof-dir=…"` profiles the gateway's processes. */
function nodeFlags(): readonly string[] {
  return (process.env["GATEWAY_NODE_FLAGS"] ?? "").split(" ").filter(Boolean);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.on("exit", resolve));
}

function nginxConf(folder: string, name: string, server: string): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${name}-${kind};`)
    .join("\n");
  return `daemon off; master_process off; worker_processes 1; pid ${folder}/${name}.pid;
error_log ${folder}/${name}.error.log;
events { worker_connections 4096; }
http { keepalive_requests 1000000000; ${temp} ${server} }
`;
}

function upstreamServer(): string {
  return `access_log off; server { listen 127.0.0.1:${PORTS.upstream};
    default_type application/json; location / { return 200 '${BODY}'; } }`;
}

function proxyServer(folder: string): string {
  return `log_format line escape=json '{"at":"$time_iso8601","method":"$request_method",'
      '"path":"$uri","status":$status,"s":$request_time,"id":"$request_id"}';
    access_log ${folder}/access-nginx.jsonl line buffer=64k flush=1s;
    upstream app { server 127.0.0.1:${PORTS.upstream}; keepalive 128;
      keepalive_requests 1000000000; }
    server { listen 127.0.0.1:${PORTS.nginx}; location / { proxy_pass http://app;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-Id $request_id;
    } }`;
}

function gatewayConfig(accessLog: string): GatewayConfig {
  const check = { path: "/", everyMs: 1_000, timeoutMs: 900, rise: 1, fall: 3 };
  const app = {
    ...{ id: "app-1", release: "r1", host: "127.0.0.1", port: PORTS.upstream },
    ...{ routed: true, weight: 1 },
  };
  const route = { prefix: "/", pool: "app", idempotent: false, balance: "round-robin" } as const;
  const times = { timeoutMs: 30_000, tryTimeoutMs: 10_000, idleMs: 60_000 };
  return {
    generation: 1,
    listeners: [
      {
        name: "public",
        host: "127.0.0.1",
        port: PORTS.gateway,
        kind: "public",
        tls: undefined,
        routes: [{ ...route, ...times, hashBy: undefined }],
      },
    ],
    pools: [{ name: "app", check, endpoints: [app] }],
    limits: {
      ...{ headerBytes: 16_384, bodyBytes: 10_000_000, connections: 10_000 },
      ...{ connectionsPerClient: undefined, rate: undefined },
    },
    trustedProxies: [],
    timeouts: { connectMs: 1_000, headerMs: 10_000, bodyMs: 30_000, keepAliveMs: 60_000 },
    accessLog,
  };
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/bench`).catch(() => undefined);
    if (response?.ok === true) return;
    await systemClock.sleep(50);
  }
  throw new Error(`nobody answers on ${port}`);
}

if (import.meta.main) await main();
