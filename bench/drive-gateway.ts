import { connect } from "node:net";
import type { GatewayConfig } from "@seaworthy/gateway/config";
import { systemClock } from "@seaworthy/std/clock";

/** What it serves on, once the gateway routes; rejects when it does not start. */
export async function applyConfig(path: string, config: GatewayConfig): Promise<Applied> {
  for (let tries = 0; tries < 200; tries += 1) {
    const reply = await ask(path, { id: 1, op: "apply", config }).catch(() => "");
    const pid = /"workerPid":(\d+)/.exec(reply)?.[1];
    const port = /"port":(\d+)/.exec(reply)?.[1];
    if (pid !== undefined) return { workerPid: Number(pid), port: Number(port) };
    await systemClock.sleep(50);
  }
  throw new Error("the gateway did not start");
}

export interface Applied {
  readonly workerPid: number;
  /** Of its first listener. */
  readonly port: number;
}

function ask(path: string, request: object): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (text.includes("\n")) {
        socket.destroy();
        resolve(text);
      }
    });
  });
}
