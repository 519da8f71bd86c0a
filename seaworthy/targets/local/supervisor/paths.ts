import { join } from "node:path";

/** The state's file; readers without a supervisor read it too. */
export function stateFile(folder: { readonly root: string }): string {
  return join(folder.root, "state.json");
}

/** Values of secrets under their versions, 0600: a restart needs them. */
export function secretsFile(folder: { readonly root: string }): string {
  return join(folder.root, "secrets.json");
}

/** Says which process supervises or watches. */
export function identityFileOf(
  folder: { readonly run: string },
  role: "supervisor" | "watchdog",
): string {
  return join(folder.run, `${role}.json`);
}

/** Where clients find their supervisor. */
export function supervisorSocket(folder: { readonly sockets: string }): string {
  return join(folder.sockets, "supervisor.sock");
}

/** Where the gateway is told what to do. */
export function edgeSocket(folder: { readonly sockets: string }): string {
  return join(folder.sockets, "edge.sock");
}

/** Its name where instances have theirs: in marks and log files. */
export function frontInstance(provider: "haproxy" | "nginx"): string {
  return `edge-${provider}`;
}

/** Another supervisor of this system lives (sysexits.h: EX_TEMPFAIL). */
export const EXIT_ALREADY_SUPERVISED = 75;
