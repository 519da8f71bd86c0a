import { invocationOf, optionOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { at, baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { NginxDirective } from "../../../facts/proxies/proxies.ts";
import type { Found } from "../file-rule.ts";
import { scriptsOf, type Scope } from "./scripts-of.ts";

/** A certificate that a proxy reads. */
interface CertificateUse {
  readonly path: string;
  readonly place: Location;
  readonly by: string;
}

export function certificatesRead({ documents }: Scope): readonly CertificateUse[] {
  const haproxy = documents.of("haproxy").flatMap(({ file, sections }) =>
    sections.flatMap(({ lines }) =>
      lines.flatMap(({ words, line }) => {
        const path = words[0] === "bind" ? words[words.indexOf("crt") + 1] : undefined;
        if (path === undefined || !words.includes("crt") || !path.includes(".")) return [];
        return [{ path, place: at(file, line), by: "HAProxy" }];
      }),
    ),
  );
  const nginx = documents.of("nginx").flatMap(({ file, directives }) =>
    certificateLines(directives, 0).map(({ path, line }) => ({
      path,
      place: at(file, line),
      by: "nginx",
    })),
  );
  return [...haproxy, ...nginx];
}

const DEPTH_MAX = 8;

function certificateLines(
  directives: readonly NginxDirective[],
  depth: number,
): readonly { readonly path: string; readonly line: number }[] {
  if (depth > DEPTH_MAX) return [];
  return directives.flatMap(({ name, words, line, block }) => {
    const inner = block === undefined ? [] : certificateLines(block, depth + 1);
    const path = words.find((word) => word.startsWith("/"));
    return name === "ssl_certificate" && path !== undefined ? [{ path, line }, ...inner] : inner;
  });
}

/** `x.crt` is made and `x.pem` is read: the file that a proxy needs comes from no step. */
export function missingCertificates(unit: Unit): readonly Found[] {
  const commands = scriptsOf(unit.repository).flatMap((script) =>
    script.shell.commands.map((command) => ({ script, command })),
  );
  const made = commands.flatMap(({ script, command }) =>
    outputOf(command).map((path) => ({ path, place: script.place(command.line) })),
  );
  const mentioned = commands.flatMap(({ command }) => wordsOf(command));
  const mounts = unit.repository.facts.of("component").flatMap((component) => component.mounts);
  return certificatesRead(unit).flatMap(({ path, place, by }): readonly Found[] => {
    if (mentioned.some((word) => word.includes(path))) return [];
    if (mounts.some(({ target }) => path === target || path.startsWith(`${target}/`))) return [];
    const near = made.find((other) => stemOf(other.path) === stemOf(path) && other.path !== path);
    if (near === undefined) return [];
    return [
      {
        severity: "warning",
        message:
          `${by} reads \`${path}\`, and the steps make \`${near.path}\`: nothing makes ` +
          `the file`,
        places: [near.place, place],
        why: `${by} refuses to start without it, on the first host that is set up by these steps.`,
        fix:
          by === "HAProxy"
            ? `HAProxy wants certificate and key in one file: \`cat x.crt x.key > ${path}\`.`
            : `Write the certificate to \`${path}\`, or name \`${near.path}\` in the ` +
              `configuration.`,
      },
    ];
  });
}

function outputOf({ expanded }: ShellCommand): readonly string[] {
  const run = invocationOf(expanded);
  if (run?.program !== "openssl" && run?.program !== "mkcert") return [];
  const path = optionOf(run.args, "-out", "-cert-file");
  return path === undefined || !/\.(?:crt|pem|cer)$/.test(path) ? [] : [path];
}

function wordsOf({ expanded, redirects }: ShellCommand): readonly string[] {
  return [...expanded, ...redirects.map(({ expanded: file }) => file)];
}

function stemOf(path: string): string {
  return baseName(path).replace(/\.\w{1,4}$/, "");
}
