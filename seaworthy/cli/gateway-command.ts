import { fileURLToPath } from "node:url";
import type { Command } from "@seaworthy/std/command";

/** The argv that starts the gateway; whoever runs it adds `--state` and `--control`. */
export function gatewayCommand(node: string): Command {
  return [node, fileURLToPath(import.meta.resolve("@seaworthy/gateway/main"))];
}
