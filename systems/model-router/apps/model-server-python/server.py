"""A simulator of a model server that speaks OpenAI's protocol: Python 3.11, standard library only.

The twin of ../model-server in Node: same environment, same answers, same ledger, same way to leave.
"""

import sys

sys.dont_write_bytecode = True  # A release's folder is not ours to write into.

import itertools
import json
import os
import re
import select
import signal
import socket
import socketserver
import threading
import time
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import completion as chat
from completion import Refused
from ledger import WRITE_ID, Ledger
from settings import EXIT_CONFIGURATION, read_settings

BODY_BYTES_MAX = 1024 * 1024
# An oversized body is read on and thrown away up to here, so that the client gets to read the 413.
DISCARD_BYTES_MAX = 8 * BODY_BYTES_MAX
# Longer than the edge keeps an idle connection, so that the edge is who closes it.
KEEP_ALIVE_S = 65
# The edge declares fewer; beyond it a connection waits in the kernel's queue.
BACKLOG = 1024
# Together under the 15 s that a declaration gives by default from SIGTERM to SIGKILL.
QUIET_S, LEAVE_S_MAX, FINISH_S_MAX = 0.25, 3.0, 10.0
LINES_PER_WRITE = 500
EXIT_TERMINATED = 143
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class ModelServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = BACKLOG

    def __init__(self, settings):
        self.settings = settings
        self.ledger = Ledger(settings.ledger_file)
        self.stopping = False
        self.in_flight = 0
        self.last_request_s = float("-inf")
        self.changed = threading.Condition()
        super().__init__((settings.host, settings.port), Handler)

    def server_bind(self):
        """Without the name look-up of http.server, which can wait for a resolver."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def log(self, level, message, **fields):
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": now, "level": level, "service": "model-server"}
        line |= {"instance": self.settings.instance, "msg": message, **fields}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def handle_error(self, request, client_address):
        """A client that left is no event; whatever else escapes a handler is a line of the log."""
        cause = sys.exc_info()[1]
        if not isinstance(cause, (ConnectionError, TimeoutError)):
            self.log("error", "connection failed", cause=f"{type(cause).__name__}: {cause}")

    def leave(self):
        """Not ready, then quiet, then deaf, then finished. Returns how many requests were cut."""
        self.stopping = True
        leave_by = time.monotonic() + LEAVE_S_MAX
        while time.monotonic() < min(self.last_request_s + QUIET_S, leave_by):
            time.sleep(0.05)
        self.shutdown()
        self.server_close()
        with self.changed:
            self.changed.wait_for(lambda: self.in_flight == 0, FINISH_S_MAX)
            return self.in_flight


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "model-server", ""
    timeout = KEEP_ALIVE_S
    # Head and body leave in one segment, at once: otherwise Nagle and delayed ACK cost 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """The edge keeps the access log."""

    def _serve(self):
        server = self.server
        with server.changed:
            server.in_flight += 1
        given = self.headers.get("x-request-id", "")
        self.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        self.begun = self.body_read = False
        try:
            self._answer()
            self.wfile.flush()
        finally:
            if server.stopping:
                self.close_connection = True
            with server.changed:
                server.in_flight -= 1
                server.changed.notify_all()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _answer(self):
        path = self.path.partition("?")[0]
        if path not in PROBES:
            self.server.last_request_s = time.monotonic()
        method, answer = ROUTES.get(path, (None, None))
        try:
            if answer is None:
                raise Refused(404, "not_found", "there is nothing at this path")
            if method == ("GET" if self.command == "HEAD" else self.command):
                answer(self)
            else:
                refusal = Refused(405, "method_not_allowed", "this path does not know this method")
                self._refuse(refusal, allow=method)
        except Refused as refusal:
            self._refuse(refusal)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as cause:  # Whatever it was: the client learns that, the log learns what.
            name = f"{type(cause).__name__}: {cause}"
            self.server.log("error", "request failed", requestId=self.request_id, cause=name)
            self._refuse(Refused(500, "internal",
                                 "this instance failed; its log names the request id"))

    def _refuse(self, refusal, allow=None):
        if self.begun:
            self.close_connection = True  # Too late for an error: a cut tells the truth.
            return
        if not self.body_read and self._has_body():
            self.close_connection = True
        self._send(refusal.status, refusal.body(), "application/json", allow=allow)

    def _send(self, status, text, content_type, allow=None):
        body = text.encode("utf-8")
        headers = {"content-type": content_type, "content-length": str(len(body))}
        self._head(status, headers if allow is None else {**headers, "allow": allow})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status, headers):
        self.begun = True
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("x-request-id", self.request_id)
        if self.server.stopping or self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()

    def _health(self):
        self._send(200, '{"status":"ok"}\n', "application/json")

    def _ready(self):
        if self.server.stopping:
            self._send(503, '{"ready":false,"reason":"stopping"}\n', "application/json")
        else:
            self._send(200, '{"ready":true}\n', "application/json")

    def _models(self):
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "model-server"}
                for name in self.server.settings.models]
        self._send(200, chat.to_json({"object": "list", "data": rows}), "application/json")

    def _applied(self):
        prefix = parse_qs(self.path.partition("?")[2]).get("run", [""])[0]
        applied = self.server.ledger.applied(prefix)
        self._head(200, {"content-type": "application/x-ndjson", "transfer-encoding": "chunked"})
        lines = (chat.to_json({"id": write, "times": times}) + "\n"
                 for write, times in applied.items())
        while batch := "".join(itertools.islice(lines, LINES_PER_WRITE)):
            self._chunk(batch)
        self.wfile.write(b"0\r\n\r\n")

    def _chat(self):
        settings = self.server.settings
        request = chat.parse_chat_request(chat.parse_json(self._body()))
        if request.model not in settings.models:
            raise Refused(404, "model_not_found",
                          "this model does not exist: GET /v1/models names those that do", "model")
        write = self.headers.get("seaworthy-write")
        if write is not None and WRITE_ID.fullmatch(write) is None:
            raise Refused(400, "invalid_value",
                          "seaworthy-write must be 1 to 200 printable characters")
        made = chat.complete(request, seed=settings.seed, tokens_max=settings.tokens_max,
                             created=int(time.time()))
        answer = self._stream if request.stream else self._plain
        answer(made, write, chat.Chunks(made, request.include_usage))

    def _plain(self, made, write, _):
        self.started_s = time.monotonic()
        self._await_token(len(made.tokens) - 1)
        if write is not None:
            self.server.ledger.append(write)
        self._send(200, chat.plain_body(made), "application/json")

    def _stream(self, made, write, chunks):
        self.started_s = time.monotonic()
        self._await_token(0)
        self._head(200, {"content-type": "text/event-stream; charset=utf-8",
                         "cache-control": "no-cache", "x-accel-buffering": "no",
                         "transfer-encoding": "chunked"})
        sent = 0
        while sent < len(made.tokens):
            self._await_token(sent)
            up_to = max(sent + 1, self._due(len(made.tokens)))
            events = [chunks.token(token) for token in made.tokens[sent:up_to]]
            self._events(([chunks.opening] if sent == 0 else []) + events)
            sent = up_to
        if write is not None:
            self.server.ledger.append(write)
        self._events([*chunks.closing, "[DONE]"])
        self.wfile.write(b"0\r\n\r\n")

    def _events(self, payloads):
        self._chunk("".join(f"data: {payload}\n\n" for payload in payloads))
        self.wfile.flush()

    def _chunk(self, text):
        body = text.encode("utf-8")
        self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))

    def _due(self, count):
        settings = self.server.settings
        since_s = time.monotonic() - self.started_s - settings.first_token_ms / 1000
        return min(count, int(since_s * settings.tokens_per_second) + 1)

    def _await_token(self, index):
        """Sleeps until the token is due; a client that left wakes it, and nothing is produced."""
        settings = self.server.settings
        due_s = settings.first_token_ms / 1000 + index / settings.tokens_per_second
        while True:
            wait_s = self.started_s + due_s - time.monotonic()
            if self._readable(max(0.0, wait_s)):
                if self.connection.recv(1, socket.MSG_PEEK) == b"":
                    raise ConnectionResetError("the client is gone")
                time.sleep(max(0.0, wait_s))  # Its next request, early: it waits its turn.
                return
            if wait_s <= 0.001:
                return

    def _readable(self, wait_s):
        poller = select.poll()
        poller.register(self.connection, select.POLLIN)
        return bool(poller.poll(int(wait_s * 1000 + 0.5)))

    def _has_body(self):
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    def _body(self):
        length = self.headers.get("content-length")
        encoding = self.headers.get("transfer-encoding")
        if encoding is not None:
            if length is not None or encoding.lower() != "chunked":
                self.close_connection = True
                raise Refused(400, "bad_request", "the body's length is not clear")
            body = self._chunked_body()
        else:
            if length is not None and not (length.isascii() and length.isdigit()):
                self.close_connection = True
                raise Refused(400, "bad_request", "the body's length is not clear")
            body = self._read(min(int(length or 0), DISCARD_BYTES_MAX + 1))
        if len(body) > DISCARD_BYTES_MAX:
            self.close_connection = True
        self.body_read = True
        if len(body) > BODY_BYTES_MAX:
            raise Refused(413, "request_too_large",
                          f"the body is larger than {BODY_BYTES_MAX} bytes")
        return body

    def _read(self, size):
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionResetError("the request was cut")
        return body

    def _chunked_body(self):
        body = bytearray()
        while len(body) <= DISCARD_BYTES_MAX:
            line = self.rfile.readline(1024)
            digits = line.partition(b";")[0].strip()
            if not line.endswith(b"\n") or not digits or digits.strip(b"0123456789abcdefABCDEF"):
                self.close_connection = True
                raise Refused(400, "bad_request", "the body's chunks are not clear")
            size = int(digits, 16)
            if size == 0:
                while self.rfile.readline(8192) not in (b"\r\n", b"\n", b""):
                    pass
                return bytes(body)
            body += self._read(min(size, DISCARD_BYTES_MAX + 1))
            self.rfile.readline(8)
        return bytes(body)


PROBES = ("/health", "/ready")
ROUTES = {
    "/health": ("GET", Handler._health),
    "/ready": ("GET", Handler._ready),
    "/v1/models": ("GET", Handler._models),
    "/v1/chat/completions": ("POST", Handler._chat),
    "/internal/applied": ("GET", Handler._applied),
}


def main():
    settings, faults = read_settings(os.environ)
    if faults:
        for fault in faults:
            print(f"model-server: {fault}", file=sys.stderr)
        return EXIT_CONFIGURATION
    try:
        server = ModelServer(settings)
    except OSError as cause:
        print(f"model-server: could not start: {cause}", file=sys.stderr)
        return 1
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # Before any thread: sigwait takes them.
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    server.log("info", "listening", host=settings.host, port=server.server_port, pid=os.getpid())
    signal.sigwait(signals)
    server.log("info", "stopping", inFlight=server.in_flight)
    for each in signals:
        signal.signal(each, lambda *_: os._exit(EXIT_TERMINATED))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    cut = server.leave()
    server.log("info" if cut == 0 else "error", "stopped", cut=cut)
    return 0 if cut == 0 else 1


if __name__ == "__main__":
    sys.stdout.flush()
    code = main()
    sys.stdout.flush()
    os._exit(code)
