import { eachLine, isOfThisMachine, type Complaint, type Tool } from "./tool.ts";

/** Directives that run code of the file's choice, or mean programs. */
const DANGEROUS =
  /^\s*(?:lua-load|lua-prepend-path|external-check|insecure-fork-wanted|program\s)[^\n]{0,80}/m;
/** What names users, folders and sockets of the machine it was written for. */
const LOCAL = /^\s*(?:user|group|uid|gid|chroot|ca-base|crt-base|pidfile|stats\s+socket|setcap)\b/;

export const haproxy: Tool = {
  name: "haproxy",
  program: "haproxy",
  versionArgs: ["-v"],
  takes: ({ kind }) => kind === "haproxy",
  prepare: ({ text }, { folder, stub }) => {
    const [dangerous] = DANGEROUS.exec(text) ?? [];
    if (dangerous !== undefined) return { asked: false, because: `${dangerous.trim()} runs code` };
    if (stub === undefined && /\b(?:crt|ca-file)\b/.test(text)) {
      return {
        asked: false,
        because: "it names certificates, and openssl is not here to stand in",
      };
    }
    const given = eachLine(text, (line) => (LOCAL.test(line) ? "" : withStubs(line, folder, stub)));
    return {
      asked: true,
      files: { "haproxy.cfg": given, "error.http": "HTTP/1.0 503 x\r\n\r\n", "list.txt": "" },
      args: ["-c", "-f", "haproxy.cfg"],
    };
  },
  complaints,
  isForgiven: (message) =>
    isOfThisMachine(message) ||
    /could not resolve|cannot find (?:user|group)|invalid address|Missing LF/i.test(message),
};

function withStubs(line: string, folder: string, stub: string | undefined): string {
  if (line.length > 4_000) return "";
  return line
    .replace(/\bcrt-list\s+\S+/g, `crt ${stub ?? ""}`)
    .replace(/\b(crt|ca-file|crl-file|ssl-dh-param-file)\s+\S+/g, `$1 ${stub ?? ""}`)
    .replace(/\bcrl-file\s+\S+/g, "")
    .replace(/^(\s*errorfile\s+\d{3}\s+)\S+/, `$1${folder}/error.http`)
    .replace(/\s-f\s+\S+/g, ` -f ${folder}/list.txt`)
    .replace(/\b(map(?:_\w{1,20})?)\([^,)]+/g, `$1(${folder}/list.txt`);
}

function complaints(output: string): readonly Complaint[] {
  return output.split("\n").flatMap((line): readonly Complaint[] => {
    const [, said] = /^\[ALERT\][^:]*: (?:config : )?(.*)$/.exec(line) ?? [];
    if (said === undefined || /^(?:Error\(s\)|Fatal errors) found/.test(said)) return [];
    const [, at, message] = /^parsing \[[^\]]*:(\d+)\] ?: ?(.*)$/.exec(said) ?? [];
    return [{ line: at === undefined ? undefined : Number(at), message: message ?? said }];
  });
}
