import { connect } from "node:net";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { FaultHandle, FaultSight } from "../../../record/fault.ts";
import { LOOPBACK } from "../../../renderers/edge-parts.ts";
import { isFaultId } from "./fault-site.ts";
import type { Means } from "./means.ts";
import { runProgram } from "./system-program.ts";

/**
 * On loopback a SYN is answered at once or not at all; the kernel sends the next one after 1 s
 * (RFC 6298 §2), so that a longer wait would learn nothing new.
 */
const SYN_MS = 400;
/** Before any rule that another firewall has (nft(8): `raw` is -300). */
const PRIORITY = -300;

/**
 * A table of our own for each fault, named after it: what others keep in nftables is never read
 * nor changed, and deleting the table undoes everything that it did.
 */
export const DROP: Means = {
  hasBreaker: false,
  break: async ({ id, port }) => {
    if (port === undefined) return refuse("it had no port when it was prepared");
    const table = tableOf(id);
    if (!table.ok) return table;
    const done = await runProgram("nft", ["-f", "-"], rules(table.value, port));
    return done.ok ? ok(`nft lists table ${table.value}, which drops port ${port}`) : done;
  },
  mend: async ({ id }) => {
    const table = tableOf(id);
    if (!table.ok) return table;
    // Adding what may be there already makes deleting it succeed either way; one transaction.
    const input = `table inet ${table.value}\ndelete table inet ${table.value}\n`;
    const done = await runProgram("nft", ["-f", "-"], input);
    if (!done.ok) return done;
    if (await isListed(id)) return refuse(`nft still lists table ${table.value}`);
    return ok(`nft lists no table ${table.value}`);
  },
  see: async (handle) => await seeDropped(handle),
};

/** Both directions, so that connections that are open already are hit as well. */
function rules(table: string, port: number): string {
  return [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    "  chain arriving {",
    `    type filter hook input priority ${PRIORITY}; policy accept;`,
    `    iifname "lo" tcp dport ${port} drop`,
    `    iifname "lo" tcp sport ${port} drop`,
    "  }",
    "}",
    "",
  ].join("\n");
}

async function seeDropped({ id, port }: FaultHandle): Promise<FaultSight> {
  const isSilent = port !== undefined && !(await isAnswered(port));
  const listed = await isListed(id);
  const packets = `a SYN to port ${port} gets ${isSilent ? "no answer" : "an answer"}`;
  const seen = `${packets}; ${listed ? "nft lists its table" : "nft lists no table of it"}`;
  // Silence alone may be a full queue of connections; a table alone may match nothing.
  if (isSilent !== listed) return { state: "unclear", seen };
  return { state: isSilent ? "in-force" : "over", seen };
}

async function isListed(id: string): Promise<boolean> {
  const table = tableOf(id);
  return table.ok && (await runProgram("nft", ["list", "table", "inet", table.value])).ok;
}

/** Refused is an answer, too: the packets came through. */
async function isAnswered(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port, timeout: SYN_MS });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(true));
    socket.once("timeout", () => settle(false));
  });
}

/** An identifier of nft(8). What is no id of ours is not put into a rule. */
function tableOf(id: string): Result<string, string> {
  return isFaultId(id) ? ok(`seaworthy_${id}`) : refuse(`${id} names no fault`);
}
