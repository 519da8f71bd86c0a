import { eachLine, isOfThisMachine, type Complaint, type Tool } from "./tool.ts";

/** Code that nginx would load or run while it reads the file. */
const DANGEROUS =
  /\b(?:load_module|ssl_engine|\w+_by_lua\w*|lua_\w+|perl\w*|js_\w+)\b[^;{]{0,80}[;{]/;
/** What names users, folders and sockets of the machine it was written for. */
const LOCAL = /^\s*(?:user|pid|lock_file|include|daemon|working_directory)\b[^;{]*;/;
const FILES =
  /\b((?:proxy_|grpc_|uwsgi_)?ssl_(?:\w{0,30}certificate(?:_key)?|stapling_file|crl))\s+[^\s;]+/g;
const TEXTS = /\b(auth_basic_user_file|ssl_dhparam|ssl_password_file)\s+[^\s;]+\s*;/g;
const LOGS = /\b(access_log|error_log)\s+(?!off\b)[^\s;]+/g;
const PASSES =
  /\b((?:proxy|grpc|fastcgi|uwsgi|scgi|memcached)_pass\s+(?:[a-z]{1,10}:\/\/)?)([\w.-]+)(?=[:/;])/g;
const HOST_OF_SERVER = /\b(server\s+)([a-zA-Z][\w.-]*)(?=[:;\s])(?!\s*\{)/g;

const FRAGMENT = new RegExp(
  'host not found|bind\\(\\)|unknown "\\w+" variable|unknown log format|no ".*" is defined|' +
    "zero size shared memory|could not build|still could not bind|getpwnam|mkdir\\(\\)",
);

export const nginx: Tool = {
  name: "nginx",
  program: "nginx",
  versionArgs: ["-v"],
  takes: ({ kind, file }) => kind === "nginx" && !/\.(?:template|tpl|j2|tmpl)$/.test(file.path),
  prepare: ({ text }, { folder, stub }) => {
    const [dangerous] = DANGEROUS.exec(text) ?? [];
    if (dangerous !== undefined) return { asked: false, because: `${dangerous.trim()} runs code` };
    if (stub === undefined && /\bssl_\w{0,30}certificate\b/.test(text)) {
      return {
        asked: false,
        because: "it names certificates, and openssl is not here to stand in",
      };
    }
    const upstreams = new Set(
      [...text.matchAll(/\bupstream\s+([\w.-]+)/g)].map(([, name = ""]) => name),
    );
    const given = eachLine(text, (line) =>
      LOCAL.test(line) || line.length > 4_000
        ? ""
        : withoutHosts(withStubs(line, folder, stub), upstreams),
    );
    return {
      asked: true,
      files: { "nginx.conf": whole(given), "error.log": "", "access.log": "" },
      args: [
        ...["-t", "-p", folder, "-c", `${folder}/nginx.conf`],
        ...["-e", `${folder}/error.log`, "-g", `pid ${folder}/nginx.pid;`],
      ],
    };
  },
  complaints,
  isForgiven: (message) =>
    isOfThisMachine(message) ||
    // Includes are left out: what they define is not known here, and no host is looked up.
    FRAGMENT.test(message),
};

function withStubs(line: string, folder: string, stub: string | undefined): string {
  return line
    .replace(FILES, `$1 ${stub ?? ""}`)
    .replace(TEXTS, "")
    .replace(LOGS, `$1 ${folder}/access.log`);
}

/** Nothing is looked up: hosts become this machine, upstreams of the file stay. */
function withoutHosts(line: string, upstreams: ReadonlySet<string>): string {
  return line
    .replace(PASSES, (all, before: string, host: string) =>
      upstreams.has(host) ? all : `${before}127.0.0.1`,
    )
    .replace(HOST_OF_SERVER, (all, before: string, host: string) =>
      host === "unix" ? all : `${before}127.0.0.1`,
    )
    .replace(/\bresolver\s+[^;]+/g, "resolver 127.0.0.1");
}

/** A fragment gets the blocks that are around it where it is included, on its own first line. */
function whole(text: string): string {
  if (/^\s*(?:http|stream|mail)\s*\{/m.test(text)) {
    return /^\s*events\s*\{/m.test(text) ? text : `events {} ${text}`;
  }
  const isServer = /^\s*(?:server|upstream)\b/m.test(text);
  return isServer ? `events {} http { ${text}\n}` : `events {} http { server { ${text}\n}}`;
}

function complaints(output: string): readonly Complaint[] {
  return output.split("\n").flatMap((line): readonly Complaint[] => {
    const [, said] = /^nginx: \[emerg\] (.*)$/.exec(line) ?? [];
    if (said === undefined) return [];
    const [, message = said, at] = /^(.*) in \S+:(\d+)$/.exec(said) ?? [];
    return [{ line: at === undefined ? undefined : Number(at), message }];
  });
}
