import type { InnerRoute, ServiceUnit } from "../plan/graph.ts";
import type { Edge, HttpCheck } from "../system/system.ts";

/** Where instances listen, and nobody else may come in. */
export const LOOPBACK = "127.0.0.1";

/** What runs and may be sent requests, routed or not. */
export interface EdgeInstance {
  /** `<unit>-<number>` */
  readonly id: string;
  readonly unit: string;
  readonly release: string;
  readonly port: number;
  readonly routed: boolean;
  /** Beside the other routed ones' of its unit; only the ratio counts. */
  readonly weight: number;
  /** What says that it is ready, where its release has another check than its service has now. */
  readonly check?: HttpCheck;
}

/** Chosen once, kept while the system lives. */
export interface EdgePorts {
  /** By position in `edge.listen`. */
  readonly public: readonly number[];
  /** By service. */
  readonly inner: Readonly<Record<string, number>>;
}

/** All that an edge is made of at one moment; every provider is rendered from the same. */
export interface EdgeParts {
  readonly edge: Edge | undefined;
  /** PEM files of `edge.tls`, absolute; undefined: HTTP in the clear. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly innerRoutes: readonly InnerRoute[];
  readonly services: readonly ServiceUnit[];
  readonly instances: readonly EdgeInstance[];
  readonly ports: EdgePorts;
  /** Grows with each configuration. */
  readonly generation: number;
  /** Absolute path of the file that requests are logged to. */
  readonly accessLog: string;
}

/** What a provider that is a program of its own needs besides. */
export interface FrontPlace {
  /**
   * Absolute, 0700: its files, and no other program's. With TLS, `edge.pem` and `edge.pem.key` in
   * it lead to the certificate and the key.
   */
  readonly folder: string;
  /** Absolute, in a folder of 0700: where it is asked how it is. */
  readonly socket: string;
  /** Whose workers do the work where the program is started as root. */
  readonly user: string | undefined;
}
