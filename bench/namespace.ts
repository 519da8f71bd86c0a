import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { present } from "@seaworthy/std/assert";
import { freshId } from "@seaworthy/std/random";

const run = promisify(execFile);
/** Making one and taking it away are system calls. */
const COMMAND_MS = 10_000;

/** By their full names: the load generator is started without a search path. */
const IP = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].find((path) => existsSync(path));
const NFT = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"].find((path) => existsSync(path));

/** What is missing for dropping packets in a namespace; undefined: nothing. */
export function namespaceGap(): string | undefined {
  if (userInfo().uid !== 0) return "network namespaces need root";
  if (IP === undefined) return "ip is not installed (Debian: iproute2)";
  return NFT === undefined ? "nft is not installed (Debian: nftables)" : undefined;
}

/**
 * A network of its own (ip-netns(8)) with nothing but loopback: packets that are dropped in it are
 * nobody else's. Needs root and iproute2.
 */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async make(): Promise<NetworkNamespace> {
    const namespace = new NetworkNamespace(`sw-bench-${freshId(6)}`);
    await ip("netns", "add", namespace.name);
    try {
      await ip("-n", namespace.name, "link", "set", "lo", "up");
      return namespace;
    } catch (error) {
      await namespace[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Words before a command that is to run inside. */
  get prefix(): readonly [string, ...string[]] {
    return [present(IP, "ip"), "netns", "exec", this.name];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip("netns", "delete", this.name);
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await run(present(IP, "ip"), [...args], { timeout: COMMAND_MS });
}
