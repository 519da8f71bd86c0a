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

/** The gateway's name where instances have theirs: in marks and log files. */
export const GATEWAY_INSTANCE = "edge";

/** The same of what takes users' requests in front of it. */
export function frontInstance(provider: "haproxy" | "nginx"): string {
  return `edge-${provider}`;
}

/** Whether a log is the edge's, whoever is in front. */
export function isEdgeInstance(instance: string): boolean {
  const fronts = [frontInstance("haproxy"), frontInstance("nginx")];
  return instance === GATEWAY_INSTANCE || fronts.includes(instance);
}

/** Its own files. */
export function frontFolder(
  folder: { readonly run: string },
  provider: "haproxy" | "nginx",
): string {
  return join(folder.run, frontInstance(provider));
}

/** Where it is asked how it is; of HAProxy also where it is told what to do. */
export function frontSocket(
  folder: { readonly sockets: string },
  provider: "haproxy" | "nginx",
): string {
  return join(folder.sockets, `${provider}.sock`);
}

/** Another supervisor of this system lives (sysexits.h: EX_TEMPFAIL). */
export const EXIT_ALREADY_SUPERVISED = 75;
