"""Chat completions: what a request asks, and the text a model gives. Pure; the twin of
../model-server/{chat-request,completion}.ts, whose comments say why."""

import hashlib
import json
import math
import re
from dataclasses import dataclass

ROLES = ("system", "developer", "user", "assistant", "tool")
WORDS = (
    "anchor ballast beacon berth bilge boom bow bridge bulkhead buoy cabin calm canvas capstan "
    "captain cargo chart compass course crest crew current deck depth dock draft drift ebb fathom "
    "fender flag fog galley gale harbour hatch hawser helm horizon hull jetty keel knot lantern "
    "latitude league ledger lighthouse mast moor oar pilot port quay reef rigging rudder sail "
    "shoal signal swell tide wake wharf"
).split(" ")
LENGTH_MIN = 24
LENGTH_SPREAD = 64
# The largest whole number that JSON's readers agree on (RFC 8259 section 6).
SAFE_INTEGER_MAX = 2**53 - 1
MISSING = object()


class Refused(Exception):
    """A refusal as it goes over the wire: OpenAI's error body."""

    def __init__(self, status, code, message, param=None):
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param

    def body(self):
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return to_json({"error": error})


def to_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class ChatRequest:
    model: str
    messages: list
    stream: bool
    include_usage: bool
    max_tokens: int | None


def parse_json(body):
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400, "invalid_json", "the body is not UTF-8") from None
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_json", "the body is not JSON") from None


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")  # Python reads NaN and Infinity, JSON has neither.


def parse_chat_request(value):
    if not isinstance(value, dict):
        raise Refused(400, "invalid_value", "the body must be a JSON object")
    model = value.get("model")
    if not isinstance(model, str):
        raise _invalid("model", "must be a string")
    messages = _messages(value.get("messages"))
    stream = _optional(value, "stream", lambda it: isinstance(it, bool), "true or false")
    count = "a whole number above 0"
    completion_max = _optional(value, "max_completion_tokens", _is_count, count)
    tokens_max = completion_max
    if completion_max is None:
        tokens_max = _optional(value, "max_tokens", _is_count, count)
    _optional(value, "n", _is_one, "1: no more is simulated")
    options = value.get("stream_options")
    usage = isinstance(options, dict) and options.get("include_usage") is True
    tokens_max = None if tokens_max is None else int(tokens_max)
    return ChatRequest(model, messages, bool(stream), usage, tokens_max)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value):
    return _is_number(value) and 0 < value <= SAFE_INTEGER_MAX and value == int(value)


def _is_one(value):
    return _is_number(value) and value == 1


def _optional(body, name, accepts, expected):
    value = body.get(name)
    if value is not None and not accepts(value):
        raise _invalid(name, f"must be {expected}")
    return value


def _messages(value):
    if not isinstance(value, list) or not value:
        raise _invalid("messages", "must be a list with at least one message")
    return [_message(each, index) for index, each in enumerate(value)]


def _message(value, index):
    message = value if isinstance(value, dict) else {}
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise _invalid("messages", f"at {index} needs a role: {', '.join(ROLES)}")
    content = _content(message.get("content", MISSING))
    if content is None:
        expected = "needs a content: text, or a list of text parts"
        raise _invalid("messages", f"at {index} {expected}")
    return role, content


def _content(content):
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [each.get("text") if isinstance(each, dict) else None for each in content]
    return "".join(parts) if all(isinstance(part, str) for part in parts) else None


def _invalid(param, expectation):
    return Refused(400, "invalid_value", f"{param} {expectation}", param)


@dataclass(frozen=True)
class Completion:
    id: str
    model: str
    created: int
    tokens: list
    finish_reason: str
    prompt_tokens: int


def complete(request, *, seed, tokens_max, created):
    digest = _digest(request, seed)
    natural = LENGTH_MIN + digest[4] % LENGTH_SPREAD
    asked = tokens_max if request.max_tokens is None else request.max_tokens
    allowed = min(asked, tokens_max)
    size = sum(len(_utf8(content)) for _, content in request.messages)
    return Completion(
        id=f"chatcmpl-{digest[8:20].hex()}",
        model=request.model,
        created=created,
        tokens=_words(int.from_bytes(digest[:4], "big"), min(natural, allowed)),
        finish_reason="length" if allowed < natural else "stop",
        prompt_tokens=math.ceil(size / 4),
    )


def _utf8(text):
    """A pair of surrogates is one character, half a pair is U+FFFD: as Node encodes them."""
    if re.search("[\ud800-\udfff]", text) is None:
        return text.encode()
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.encode()


def _digest(request, seed):
    digest = hashlib.sha256()
    parts = [seed, request.model]
    for role, content in request.messages:
        parts += [role, content]
    for part in parts:
        digest.update(_utf8(part) + b"\xff")
    return digest.digest()


def _words(seed, count):
    chosen, state = [], seed
    for index in range(count):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        word = WORDS[state >> 26]
        chosen.append(word if index == 0 else f" {word}")
    return chosen


def _usage(completion):
    count = len(completion.tokens)
    return {
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": count,
        "total_tokens": completion.prompt_tokens + count,
    }


def plain_body(completion):
    message = {"role": "assistant", "content": "".join(completion.tokens)}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": completion.finish_reason,
    }
    head = {"id": completion.id, "object": "chat.completion", "created": completion.created}
    usage = _usage(completion)
    return to_json({**head, "model": completion.model, "choices": [choice], "usage": usage})


class Chunks:
    """The data: payloads of a streamed answer, without the closing [DONE]."""

    def __init__(self, completion, include_usage):
        head = {"id": completion.id, "object": "chat.completion.chunk"}
        head |= {"created": completion.created, "model": completion.model}
        self._head = to_json(head)[:-1]
        self.opening = self._chunk('{"role":"assistant","content":""}', "null")
        self.closing = [self._chunk("{}", f'"{completion.finish_reason}"')]
        if include_usage:
            usage = to_json(_usage(completion))
            self.closing.append(f'{self._head},"choices":[],"usage":{usage}}}')

    def token(self, text):
        return self._chunk(f'{{"content":"{text}"}}', "null")

    def _chunk(self, delta, finish):
        choice = f'{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}'
        return f'{self._head},"choices":[{choice}]}}'
