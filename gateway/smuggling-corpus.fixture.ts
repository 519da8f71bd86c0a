/**
 * Requests that two readers may read in two ways. Each carries, where it can, a second request for
 * `/smuggled` in what a careless reader takes for the rest of the connection. `PATH` is replaced
 * by a path of the case's own. Sections are those of RFC 9112.
 */
export interface SmugglingCase {
  /** Begins with the section. */
  readonly name: string;
  readonly bytes: string;
  /**
   * The bodies of the requests that the client meant, in order. None: it is answered with a
   * 400-class, 501 or 505 and closed, and no whole request reaches the service.
   */
  readonly meant: readonly string[];
}

type Row = readonly [name: string, bytes: string, ...bodies: readonly string[]];

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED = "Transfer-Encoding: chunked";
const END = "0\r\n\r\n";
const HELLO = `5\r\nhello\r\n${END}`;

function post(fields: readonly string[], body: string): string {
  return `POST PATH HTTP/1.1\r\n${["Host: a", ...fields].join("\r\n")}\r\n\r\n${body}`;
}

/** Lengths and codings that contradict each other, or that not everybody reads alike. */
const LENGTHS: readonly Row[] = [
  ["6.3 CL.TE", post(["Content-Length: 6", CHUNKED], `${END}${SMUGGLED}`)],
  ["6.3 TE.CL", post([CHUNKED, "Content-Length: 3"], `${END}${SMUGGLED}`)],
  ["6.3 CL 0 and TE", post(["Content-Length: 0", CHUNKED], `${END}${SMUGGLED}`)],
  ["6.3 two that differ", post(["Content-Length: 0", "Content-Length: 5"], SMUGGLED)],
  ["6.3 two alike", post(["Content-Length: 5", "Content-Length: 5"], "hello")],
  ["6.3 a list", post(["Content-Length: 5, 5"], `hello${SMUGGLED}`)],
  ["6.3 a list that differs", post(["Content-Length: 0, 5"], SMUGGLED)],
  ...[
    ...["+5", "-5", "0x5", "5.0", "5e0", "5;", '"5"', "5 5", "", "five", "5_0", "\u00b2"],
    ...["18446744073709551621", "99999999999999999999999", "5\x0b", "5\x00", "\x0c5"],
  ].map(
    (length): Row => [
      `6.3 CL ${JSON.stringify(length)}`,
      post([`Content-Length: ${length}`], SMUGGLED),
    ],
  ),
  ["6.2 CL with a leading zero", post(["Content-Length: 05"], "hello"), "hello"],
  ["5.1 CL between white space", post(["Content-Length: \t 5 \t"], "hello"), "hello"],
  ["5.1 CL without white space", post(["Content-Length:5"], "hello"), "hello"],
  ["6.2 a request as the body", post([`Content-Length: ${SMUGGLED.length}`], SMUGGLED), SMUGGLED],
  [
    "6.2 a request as the body of a GET",
    post([`Content-Length: ${SMUGGLED.length}`], SMUGGLED).replace("POST", "GET"),
    SMUGGLED,
  ],
  [
    "6.3 a length in a disguise beside the real one",
    post(["Content_Length: 0", `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
    SMUGGLED,
  ],
];

/** TE.TE: codings that one of two readers does not recognise. */
const CODINGS: readonly Row[] = [
  ...[
    ...["xchunked", "chunkedx", "identity", "gzip", "gzip, chunked", "chunked, identity"],
    ...["identity, chunked", "chunked, chunked", "chunked;q=1", '"chunked"', "", ", chunked"],
    ...["\x0bchunked", "chunked\x0b", "chunked\x00", "\u00a0chunked", "ch unked"],
  ].map(
    (coding): Row => [
      `6.1 TE ${JSON.stringify(coding)}`,
      post([`Transfer-Encoding: ${coding}`], `${END}${SMUGGLED}`),
    ],
  ),
  ...["Transfer-Encoding: identity", "Transfer-Encoding: x", CHUNKED].flatMap(
    (other): readonly Row[] => [
      [`6.1 TE twice, then ${other}`, post([CHUNKED, other], `${END}${SMUGGLED}`)],
      [`6.1 TE twice, first ${other}`, post([other, CHUNKED], `${END}${SMUGGLED}`)],
    ],
  ),
  ["5.1 TE, space before its colon", post(["Transfer-Encoding : chunked"], HELLO)],
  ["5.1 TE, tab before its colon", post(["Transfer-Encoding\t: chunked"], HELLO)],
  ["5.1 TE after a space", post(["X: y", " Transfer-Encoding: chunked"], HELLO)],
  ["5.2 TE folded", post(["Transfer-Encoding:", " chunked"], HELLO)],
  ["2.2 TE behind a bare LF", post([`X: y\n${CHUNKED}`], HELLO)],
  ["2.2 TE behind a bare CR", post([`X: y\r${CHUNKED}`], HELLO)],
  ["6.1 TE in HTTP/1.0", post([CHUNKED], `${END}${SMUGGLED}`).replace("HTTP/1.1", "HTTP/1.0")],
  ["6.1 TE in capitals", post(["TRANSFER-ENCODING: CHUNKED"], HELLO), "hello"],
  ["5.1 TE before a tab", post(["Transfer-Encoding: chunked\t"], HELLO)],
  ["5.1 TE after white space", post(["Transfer-Encoding: \t chunked "], HELLO), "hello"],
  ["6.1 TE named by Connection", post(["Connection: transfer-encoding", CHUNKED], HELLO), "hello"],
  [
    "6.3 CL named by Connection",
    post(["Connection: content-length", `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
    SMUGGLED,
  ],
  [
    "6.1 a coding in a disguise",
    post(["Transfer_Encoding: chunked", "Content-Length: 5"], "hello"),
    "hello",
  ],
];

const CHUNKS: readonly Row[] = [
  ...[
    ...["FFFFFFFFFFFFFFFFF", "10000000000000005", "100000000000000000005", "-5", "+5", "0x5"],
    ...["", " 5", "5 ", "\t5", "g", "5 5", "5,", "5\x00", "5\x0b", "5\r", "\u0665"],
  ].map(
    (size): Row => [
      `7.1 size ${JSON.stringify(size)}`,
      post([CHUNKED], `${size}\r\nhello\r\n${END}${SMUGGLED}`),
    ],
  ),
  ["7.1 LF after the size", post([CHUNKED], `5\nhello\r\n${END}${SMUGGLED}`)],
  ["7.1 LF after the data", post([CHUNKED], `5\r\nhello\n${END}${SMUGGLED}`)],
  ["7.1 nothing after the data", post([CHUNKED], `5\r\nhello${END}${SMUGGLED}`)],
  ["7.1 more data than its size", post([CHUNKED], `3\r\nhello\r\n${END}${SMUGGLED}`)],
  ["7.1.1 LF in an extension", post([CHUNKED], `5;a=b\nhello\r\n${END}${SMUGGLED}`)],
  ["7.1.1 CR in an extension", post([CHUNKED], `5;a\rb\r\nhello\r\n${END}${SMUGGLED}`)],
  ["7.1.1 NUL in an extension", post([CHUNKED], `5;a=\x00\r\nhello\r\n${END}${SMUGGLED}`)],
  ["7.1.1 an endless extension", post([CHUNKED], `5;${"x".repeat(20_000)}\r\nhello\r\n${END}`)],
  ["7.1.2 a trailer that is no field", post([CHUNKED], `0\r\nno field\r\n\r\n${SMUGGLED}`)],
  ["7.1.2 a folded trailer", post([CHUNKED], `0\r\nX: y\r\n z\r\n\r\n${SMUGGLED}`)],
  ["7.1.2 LF in a trailer", post([CHUNKED], `0\r\nX: y\nZ: z\r\n\r\n${SMUGGLED}`)],
  ["7.1.1 an extension", post([CHUNKED], `5;a=b\r\nhello\r\n${END}`), "hello"],
  ["7.1.1 a quoted extension", post([CHUNKED], `5;a="x;y"\r\nhello\r\n0;c\r\n\r\n`), "hello"],
  ["7.1 zeros before the size", post([CHUNKED], `0005\r\nhello\r\n000\r\n\r\n`), "hello"],
  [
    "7.1 a size in either case",
    post([CHUNKED], `a\r\n0123456789\r\nA\r\n0123456789\r\n${END}`),
    "01234567890123456789",
  ],
  [
    "7.1.2 trailers that would be fields",
    post([CHUNKED], `5\r\nhello\r\n0\r\nHost: b\r\nX-Trailer: y\r\n\r\n`),
    "hello",
  ],
  [
    "7.1.2 a length as a trailer",
    post([CHUNKED], `5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n${SMUGGLED}`),
  ],
  [
    "7.1.2 a coding as a trailer",
    post([CHUNKED], `5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED}`),
  ],
  [
    "7.1 a request as a chunk",
    post([CHUNKED], `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n${END}`),
    SMUGGLED,
  ],
];

const FIELDS: readonly Row[] = [
  ["5.1 space before a colon", post(["X-A : b", "Content-Length: 0"], SMUGGLED)],
  ["5.1 a name with a space", post(["Content Length: 5"], SMUGGLED)],
  ["5.1 a name with a NUL", post(["Con\x00tent-Length: 5"], SMUGGLED)],
  ["5.1 a name with a bracket", post(["(X): y"], "")],
  ["5.1 no name", post([": 5"], "")],
  ["5.1 no colon", post(["Content-Length"], "")],
  ["5.2 a folded field", post(["X: a", " b"], "")],
  ["5.2 a folded field, by a tab", post(["X: a", "\tContent-Length: 5"], "")],
  ["5.2 a fold as the first field", "GET PATH HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"],
  ["5.5 NUL in a value", post(["X: a\x00b"], "")],
  ["5.5 a bare CR in a value", post(["X: a\rb"], "")],
  ["2.2 lines that end in LF", "GET PATH HTTP/1.1\nHost: a\n\n"],
  ["2.2 one line that ends in LF", `GET PATH HTTP/1.1\r\nHost: a\nX: y\r\n\r\n`],
  ["2.2 a head that ends in LF", "GET PATH HTTP/1.1\r\nHost: a\r\n\n"],
  ["2.2 a request line that ends in CR", "GET PATH HTTP/1.1\rHost: a\r\n\r\n"],
  ["2.2 a line that ends in CR CR LF", "GET PATH HTTP/1.1\r\nHost: a\r\r\n\r\n"],
  ["3.2 two hosts", "GET PATH HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
  ["3.2 two hosts alike", "GET PATH HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
  ["3.2 no host", "GET PATH HTTP/1.1\r\n\r\n"],
  ["3.2 a list of hosts", "GET PATH HTTP/1.1\r\nHost: a, b\r\n\r\n"],
  ["3.2 a host with a path", "GET PATH HTTP/1.1\r\nHost: a/b\r\n\r\n"],
  ["3.2 a host with a user", "GET PATH HTTP/1.1\r\nHost: u@a\r\n\r\n"],
  ["2.2 an empty line before it", `\r\n${post(["Content-Length: 5"], "hello")}`, "hello"],
  [
    "9.6 hop-by-hop names that are the proxy's own",
    post(["Connection: close, host, x-forwarded-for", "Content-Length: 5"], "hello"),
    "hello",
  ],
];

const REQUEST_LINES: readonly Row[] = [
  ...[
    ...["GET PATH", "GET", "PATH", " GET PATH HTTP/1.1"],
    ...["GET\tPATH HTTP/1.1", "GET PATH\tHTTP/1.1", "GET PATH HTTP/1.1 ", "GET PATH a HTTP/1.1"],
    ...["GET PATH HTTP/1.2", "GET PATH HTTP/2.0", "GET PATH HTTP/0.9", "GET PATH http/1.1"],
    ...["GET PATH HTTP/01.1", "GET PATH HTTP/1.1.1", "GET PATH HTTP /1.1", "GET PATH HTTPS/1.1"],
    ...[
      "G ET PATH HTTP/1.1",
      "get PATH HTTP/1.1",
      "GET PATH\x00 HTTP/1.1",
      "GET PATH\x0b HTTP/1.1",
    ],
    ...["GET PATH#x HTTP/1.1", "GET a:80 HTTP/1.1", "GET * HTTP/1.1", "GET smuggled HTTP/1.1"],
    ...["GET http://u@bPATH HTTP/1.1", "GET http:PATH HTTP/1.1", "GET ftp://aPATH HTTP/1.1"],
    ...["CONNECT a:443 HTTP/1.1", "PRI * HTTP/2.0", "GET /../PATH HTTP/1.1"],
  ].map((line): Row => [`3 ${JSON.stringify(line)}`, `${line}\r\nHost: a\r\n\r\n${SMUGGLED}`]),
  ["3.2.2 absolute form, another host", "GET http://bPATH HTTP/1.1\r\nHost: a\r\n\r\n", ""],
  ["3 two spaces", "GET  PATH HTTP/1.1\r\nHost: a\r\n\r\n", ""],
  ["3 two more spaces", "GET PATH  HTTP/1.1\r\nHost: a\r\n\r\n", ""],
  ["3.2.1 two slashes", "GET /PATH HTTP/1.1\r\nHost: a\r\n\r\n", ""],
  ["3.2.2 absolute form, no host", "GET http://bPATH HTTP/1.1\r\n\r\n"],
  ["3.2.2 absolute form, two hosts", "GET http://bPATH HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
  [
    "9.3.2 two requests at once",
    `${post(["Content-Length: 3"], "one")}${post([CHUNKED], HELLO)}`,
    "one",
    "hello",
  ],
  ["2.3 HTTP/1.0 without a host", "GET PATH HTTP/1.0\r\n\r\n", ""],
  [
    "9.3.2 an upgrade to h2c that nobody makes",
    post(
      [
        "Upgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings",
        "HTTP2-Settings: x",
        "Content-Length: 5",
      ],
      "hello",
    ),
    "hello",
  ],
  ["10 an expectation that is none", post(["Expect: 200-ok", "Content-Length: 0"], "")],
  [
    "10 a body before 100 was said",
    post(["Expect: 100-continue", "Content-Length: 5"], "hello"),
    "hello",
  ],
];

export const SMUGGLING_CASES: readonly SmugglingCase[] = [
  ...[...LENGTHS, ...CODINGS, ...CHUNKS],
  ...[...FIELDS, ...REQUEST_LINES],
].map(([name, bytes, ...bodies]) => ({ name, bytes, meant: bodies }));
