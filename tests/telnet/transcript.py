"""Transcripts: a conversation with a server as a text file, run line by line and byte for byte.

    # comment
    % options -I 2m       the servers are started with these besides their usual arguments
    @ slave               the lines below talk to this node; `@ slave/two` is one more connection
    > set k 0 0 3         sends the line and CRLF; `>` alone sends an empty line
    >> half               sends exactly this, no CRLF behind it
    < STORED              expects exactly these bytes and CRLF, nothing may come before them
    <~ VALUE k 0 3 (?P<cas>\\d+)    the next line matches; named groups become ${cas} below
    <+ STAT role SLAVE    successive `<+` lines are all in one answer that ends with END
    ! close               the server ends the connection, nothing more arrives before
    ! closed-within 1s    the same with a limit of its own
    ! silent 100ms        nothing arrives for so long
    ! drop                the client closes its side, in the middle of whatever it is
    $ wait 1100ms         for what takes time by its nature (expiry), never for an effect
    $ kill|term|freeze|thaw|restart master
    $ await slave state SLAVE 10s   polls `stats replication` of that node

In `>`, `>>` and `<`: \\r \\n \\t \\0 \\\\ \\xNN, ${name} of a captured group, ${repeat:text:300},
${keys:k:100} (k0 k1 .. k99), ${now:+60} (Unix time). Nodes: `solo`, or `master` and `slave`, named
by the role they had when the transcript began, also after a role swap.

At the end every connection still open answers one `version` and nothing else: an answer that no
line expected, also to a noreply, is a failure. This file knows the format; it starts no server.
"""

import re
import time

from tests.e2e.wire import Closed, Timeout

REPLY_LIMIT_S = 5.0
CLOSE_LIMIT_S = 2.0
LINGER_S = 0.05  # For the message of a failure: what else arrives right behind the wrong byte.
SHOWN_BYTES_MAX = 300
CHOP_WHOLE_MAX = 4096  # Longer sends are chopped in pieces of a 1024th.


class TranscriptError(AssertionError):
    """A line of a transcript that did not come true: file:line, expected, received."""


class Step:
    """One line: its number, its kind (the marker) and the text behind the marker."""

    KINDS = (">>", ">", "<~", "<+", "<", "@", "!", "$")

    def __init__(self, number, kind, text):
        self.number = number
        self.kind = kind
        self.text = text


class Transcript:
    """A parsed file: `options` for the servers and the `steps`."""

    def __init__(self, path, text):
        self.path = path
        self.options = []
        self.steps = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("% options "):
                self.options += line.split()[2:]
                continue
            self.steps.append(self._step(number, line))

    def _step(self, number, line):
        for kind in Step.KINDS:
            rest = line[len(kind):]
            if line.startswith(kind) and (not rest or rest[0] == " "):
                return Step(number, kind, rest[1:])
        raise TranscriptError("%s:%d: not a transcript line: %r" % (self.path, number, line))


def load(path):
    with open(path, encoding="latin-1", newline="\n") as file:
        return Transcript(path, file.read())


def seconds(text):
    """`1100ms` or `2s` as seconds."""
    match = re.fullmatch(r"(\d+)(ms|s)", text)
    if not match:
        raise ValueError("not a duration: %r" % text)
    return int(match.group(1)) / (1000.0 if match.group(2) == "ms" else 1.0)


def _expand(name, variables):
    """The text behind ${name}."""
    kind, _, rest = name.partition(":")
    if kind == "repeat":
        unit, _, count = rest.rpartition(":")
        return unit * int(count)
    if kind == "keys":
        prefix, _, count = rest.rpartition(":")
        return " ".join(prefix + str(index) for index in range(int(count)))
    if kind == "now":
        return str(int(time.time()) + int(rest or "0"))
    return variables[name]


ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def to_bytes(text, variables):
    """Substitutes ${...}, then the escapes."""
    text = re.sub(r"\$\{([^}]*)\}", lambda match: _expand(match.group(1), variables), text)

    def unescape(match):
        if match.group(1) is not None:
            return chr(int(match.group(1), 16))
        return ESCAPES[match.group(2)].decode("latin-1")
    return re.sub(r"\\(?:x([0-9a-fA-F]{2})|(.))", unescape, text, flags=re.S).encode("latin-1")


def shown(data):
    cut = bytes(data[:SHOWN_BYTES_MAX])
    return repr(cut) + (" ... (%d bytes)" % len(data) if len(data) > len(cut) else "")


class Runner:
    """Runs one transcript in a `world`, which has connect(node) -> Client, act(verb, node) and
    await_stat(node, name, value, limit_s). `chop` sends every input byte by byte."""

    def __init__(self, transcript, world, chop=False):
        self._transcript = transcript
        self._world = world
        self._chop = chop
        self._variables = {}
        self._connections = {}  # "node/name" -> Client
        self._current = world.default_node + "/main"
        self._block = []  # The lines `<+` has not yet asked for.
        self._step = None

    def run(self):
        """Raises TranscriptError at the first line that does not come true."""
        actions = {">": self._send_line, ">>": self._send_raw, "<": self._expect,
                   "<~": self._match, "<+": self._contains, "@": self._switch,
                   "!": self._demand, "$": self._do}
        previous = ""
        try:
            for step in self._transcript.steps:
                self._step = step
                if step.kind == "<+" and previous != "<+":
                    self._block = self._read_block()
                actions[step.kind](step.text)
                previous = step.kind
            self._fence()
        except TranscriptError:
            raise
        except (AssertionError, OSError, ValueError, KeyError) as error:
            raise self._failure("%s: %s" % (type(error).__name__, error)) from error
        finally:
            for client in self._connections.values():
                client.close()

    def _failure(self, what):
        return TranscriptError("%s:%d: %s %s\n  on %s: %s" % (
            self._transcript.path, self._step.number, self._step.kind,
            self._step.text[:SHOWN_BYTES_MAX], self._current, what))

    def _client(self):
        if self._current not in self._connections:
            node = self._current.split("/")[0]
            self._connections[self._current] = self._world.connect(node)
        return self._connections[self._current]

    def _send(self, data):
        client = self._client()
        if self._chop:
            client.chop_bytes = 1 if len(data) <= CHOP_WHOLE_MAX else len(data) // 1024
        client.send(data)

    def _send_line(self, text):
        self._send(to_bytes(text, self._variables) + b"\r\n")

    def _send_raw(self, text):
        self._send(to_bytes(text, self._variables))

    def _expect(self, text):
        """Reads exactly the expected bytes; stops at the first one that differs."""
        wanted = to_bytes(text, self._variables) + b"\r\n"
        client = self._client()
        deadline = time.monotonic() + REPLY_LIMIT_S
        while True:
            have = client.pending()[:len(wanted)]
            if not wanted.startswith(have):
                self._linger(client)
                raise self._failure("expected %s\n  received %s"
                                    % (shown(wanted), shown(client.pending())))
            if len(have) == len(wanted):
                client.consume(len(wanted))
                return
            self._fill(client, deadline, wanted)

    def _fill(self, client, deadline, wanted):
        try:
            client.fill(deadline)
        except Timeout:
            raise self._failure("expected %s\n  received %s, then nothing for %.1f s"
                                % (shown(wanted), shown(client.pending()), REPLY_LIMIT_S)) from None
        except Closed:
            raise self._failure("expected %s\n  received %s, then the connection was closed"
                                % (shown(wanted), shown(client.pending()))) from None

    def _linger(self, client):
        try:
            deadline = time.monotonic() + LINGER_S
            while True:
                client.fill(deadline)
        except (Timeout, Closed):
            pass

    def _read_line(self):
        client = self._client()
        deadline = time.monotonic() + REPLY_LIMIT_S
        while b"\r\n" not in client.pending():
            self._fill(client, deadline, b"a line")
        return client.read_line().decode("latin-1")

    def _match(self, text):
        line = self._read_line()
        match = re.fullmatch(text, line, flags=re.S)
        if not match:
            raise self._failure("received %r, which does not match" % line[:SHOWN_BYTES_MAX])
        self._variables.update(match.groupdict())

    def _read_block(self):
        lines = []
        while True:
            line = self._read_line()
            if line == "END":
                return lines
            if not line.startswith("STAT "):
                raise self._failure("received %r where a STAT line or END belongs" % line)
            lines.append(line)

    def _contains(self, text):
        wanted = to_bytes(text, self._variables).decode("latin-1")
        if wanted not in self._block:
            name = " ".join(wanted.split(" ")[:2]) + " "
            near = [line for line in self._block if line.startswith(name)]
            raise self._failure("not in the answer; %s" % (near or self._block))

    def _switch(self, text):
        node, _, name = text.strip().partition("/")
        self._current = node + "/" + (name or "main")

    def _demand(self, text):
        words = text.split()
        if words[0] in ("close", "closed-within"):
            limit_s = seconds(words[1]) if words[0] == "closed-within" else CLOSE_LIMIT_S
            self._expect_close(limit_s)
        elif words[0] == "silent":
            self._expect_silence(seconds(words[1]))
        elif words[0] == "drop":
            self._connections.pop(self._current).close()
        else:
            raise ValueError("unknown demand %r" % text)

    def _expect_close(self, limit_s):
        client = self._client()
        try:
            rest = client.read_to_close(limit_s)
        except Timeout:
            raise self._failure("still open after %.1f s; received %s"
                                % (limit_s, shown(client.pending()))) from None
        if rest:
            raise self._failure("closed, but first received %s" % shown(rest))
        self._connections.pop(self._current).close()

    def _expect_silence(self, limit_s):
        client = self._client()
        try:
            if not client.pending():
                client.fill(time.monotonic() + limit_s)
        except Timeout:
            return
        except Closed:
            raise self._failure("the connection was closed") from None
        raise self._failure("received %s" % shown(client.pending()))

    def _do(self, text):
        words = text.split()
        if words[0] == "wait":
            time.sleep(seconds(words[1]))
        elif words[0] == "await":
            self._world.await_stat(words[1], words[2], words[3], seconds(words[4]))
        else:
            self._world.act(words[0], words[1])
            if words[0] in ("kill", "term"):
                for key in [key for key in self._connections if key.startswith(words[1] + "/")]:
                    self._connections.pop(key).close()

    def _fence(self):
        for self._current in list(self._connections):
            self._send(b"version\r\n")
            line = self._read_line()
            rest = self._client().pending()
            if not line.startswith("VERSION ") or rest:
                raise self._failure("left unread at the end: %r" % (line.encode("latin-1") + rest))
