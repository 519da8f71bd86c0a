import { invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { baseName } from "../../../facts/source.ts";
import type { Script } from "./scripts-of.ts";
import { traceOf, type Moment } from "./trace.ts";

/** What a command means in a failover. */
export type Part =
  | "probe"
  | "traffic"
  | "promote"
  | "start"
  | "fence"
  | "confirm"
  | "wait"
  | "sleep";

export interface FailoverStep extends Moment {
  readonly part: Part;
}

/** The parts of a script that moves service to another site, in the order in which they run. */
export function failoverOf(script: Script): readonly FailoverStep[] {
  const steps = traceOf(script.shell).flatMap((moment): readonly FailoverStep[] => {
    const part = partOf(moment.command);
    return part === undefined ? [] : [{ ...moment, part }];
  });
  // Replication is also set up and undone where a container starts.
  const promotes = steps.some(
    ({ part, command }) => part === "promote" && (isNamed(script) || !isClient(command)),
  );
  const moves = steps.some(({ part }) => part === "traffic");
  if (!promotes && !(moves && isNamed(script))) return [];
  return steps;
}

function isClient({ expanded }: ShellCommand): boolean {
  const program = invocationOf(expanded)?.program ?? "";
  return /^(?:mysql|mariadb|psql|redis-cli|valkey-cli)$/.test(program);
}

function isNamed({ path, shell }: Script): boolean {
  const says = /fail[-_]?over|disaster|standby|switch[-_]?over|(?:^|[-_/])dr[-_.]|灾备|切换/i;
  return says.test(baseName(path)) || shell.functions.some(({ name }) => says.test(name));
}

function partOf(command: ShellCommand): Part | undefined {
  const run = invocationOf(command.expanded);
  if (run === undefined) return undefined;
  const { program, args } = run;
  const text = args.join(" ").slice(0, 2_000);
  for (const [part, programs, words] of PARTS) {
    if (programs.test(program) && words.test(text)) return part;
  }
  return undefined;
}

/** First that fits; commands of AWS CLI 2, gcloud, az, kubectl, PostgreSQL, MySQL and Redis. */
const PARTS: readonly (readonly [Part, RegExp, RegExp])[] = [
  ["promote", /^aws$/, /\b(?:promote-read-replica|switchover-read-replica)/],
  ["promote", /^aws$/, /\bfailover-(?:db|global)-cluster/],
  ["promote", /^gcloud$/, /\bsql instances (?:promote-replica|failover)\b/],
  ["promote", /^az$/, /\breplica (?:promote|stop-replication)\b/],
  ["promote", /^(?:pg_ctl|pg_ctlcluster|repmgr)$/, /\bpromote\b/],
  ["promote", /^(?:patronictl|repmgr)$/, /\b(?:failover|switchover)\b/],
  ["promote", /^psql$/, /pg_promote\(/],
  ["promote", /^(?:mysql|mariadb)$/, /\breset (?:slave|replica) all\b/i],
  ["promote", /^(?:mysql|mariadb)$/, /read_only\s?=\s?(?:0|off)/i],
  ["promote", /^(?:redis-cli|valkey-cli)$/, /\b(?:replicaof|slaveof) no one\b|cluster failover/i],
  ["traffic", /^aws$/, /\broute53 change-resource-record-sets|\bec2 associate-address/],
  ["traffic", /^aws$/, /\belbv2 modify-(?:listener|rule)/],
  ["traffic", /^gcloud$/, /\bdns record-sets\b/],
  ["traffic", /^az$/, /\bnetwork (?:dns record-set|traffic-manager)/],
  ["traffic", /^curl$/, /dns_records\b|dns\/records/],
  ["traffic", /^(?:aliyun|tccli|nsupdate)$/, /./],
  ["fence", /^aws$/, /\brds (?:stop-db|reboot-db)|\bec2 (?:stop-instances|revoke-security)/],
  ["fence", /^aws$/, /\belbv2 deregister-targets/],
  ["fence", /^kubectl$/, /--replicas[= ]0\b|^(?:delete|cordon|drain)\b/],
  ["fence", /^(?:fence_\w{1,30}|stonith|stonith_admin|iptables|nft)$/, /./],
  ["fence", /^(?:mysql|mariadb|psql)$/, /read_only\s?=\s?(?:1|on)|default_transaction_read_only/i],
  ["fence", /^(?:systemctl|service|docker|docker-compose)$/, /\bstop\b|\bdown\b|\bkill\b/],
  ["wait", /^kubectl$/, /\b(?:wait|rollout status)\b/],
  ["wait", /^aws$/, /\bwait\b/],
  ["start", /^kubectl$/, /\bscale\b|\brollout restart\b/],
  ["start", /^aws$/, /\becs update-service|\bec2 start-instances|\bautoscaling set-desired/],
  ["start", /^(?:systemctl|service|docker|docker-compose)$/, /\bstart\b|\bup\b/],
  ["probe", /^(?:curl|wget)$/, /https?:|\/health|:\d{2,5}\b/],
  ["probe", /^(?:pg_isready|nc|ncat|ping)$/, /./],
  ["probe", /^(?:mysql|mariadb|mysqladmin|psql)$/, /select 1|\bping\b|\bstatus\b/i],
  ["probe", /^(?:redis-cli|valkey-cli)$/, /\bping\b/i],
  ["confirm", /^read$/, /./],
  ["sleep", /^sleep$/, /^\d+/],
];
