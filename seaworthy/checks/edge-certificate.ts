import type { Finding } from "../system/finding.ts";
import type { EdgeTls } from "../system/system.ts";
import type { CertificateSight, Rule } from "./rule.ts";

/** Who renews by hand needs so long to notice, to ask for it and to be given it. */
const NOTICE_DAYS = 14;
const DAY_MS = 86_400_000;

/** A certificate of the edge that no client, or soon none, would accept. */
export const edgeCertificate: Rule = {
  name: "edge-certificate",
  check: ({ parsed, beside, certificate }) => {
    const { edge } = parsed.system;
    if (edge?.tls === undefined) return [];
    const missing = beside === undefined ? [] : certificatePaths(edge.tls, beside);
    if (missing.length > 0) return [error(`${missing.join(" and ")}: not there`, PLACE, MEND)];
    return certificate === undefined ? [] : judge(certificate, edge.host);
  },
};

/** Paths beside the declaration whose existence this rule asks for. */
export function tlsPaths(tls: EdgeTls | undefined): readonly string[] {
  return tls === undefined ? [] : [tls.certificate, tls.key];
}

const PLACE = "edge.tls";
const MEND =
  "Name PEM files, relative to the declaration: the certificate with its chain, the key.";
const RENEW = "Renew it into the same files: a running edge takes them within two seconds.";

function certificatePaths(tls: EdgeTls, beside: ReadonlySet<string>): readonly string[] {
  return tlsPaths(tls).filter((path) => !beside.has(path));
}

function judge(seen: CertificateSight, host: string | undefined): readonly Finding[] {
  if (seen.state === "unusable") return [error(seen.because, PLACE, MEND)];
  const findings: Finding[] = [];
  if (seen.isForHost === false) {
    const message = `the certificate is for ${seen.names}, and the edge's host is ${host}`;
    findings.push(error(message, "edge.host", "Have it made for the host that users call."));
  }
  const leftDays = (seen.notAfterMs - seen.nowMs) / DAY_MS;
  if (leftDays <= 0) {
    findings.push(error(`the certificate expired on ${dateOf(seen.notAfterMs)}`, PLACE, RENEW));
  } else if (seen.notBeforeMs > seen.nowMs) {
    const message = `the certificate is not good before ${dateOf(seen.notBeforeMs)}`;
    findings.push(error(message, PLACE, "Take the one that is good now, or mend the clock."));
  } else if (leftDays < NOTICE_DAYS) {
    const days = Math.floor(leftDays);
    const message = `the certificate expires in ${days} days, on ${dateOf(seen.notAfterMs)}`;
    findings.push({ ...error(message, PLACE, RENEW), severity: "warning" });
  }
  return findings;
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function error(message: string, path: string, fix: string): Finding {
  return {
    rule: "edge-certificate",
    severity: "error",
    message,
    places: [{ path }],
    why: "From the second a certificate is not good, every new connection of users fails.",
    fix,
  };
}
