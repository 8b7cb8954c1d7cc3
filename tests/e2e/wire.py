"""One blocking TCP connection to a server under test, with a read buffer.

It moves bytes and knows lines; it judges nothing: what an answer should be is the test's affair.
Every wait has a limit; a limit that passes raises `Timeout`, an end of stream raises `Closed`, and
both say what was waited for. A reset counts as an end: a test that cares asks `was_reset`.
"""

import socket
import time

DEFAULT_TIMEOUT_S = 5.0
HOST = "127.0.0.1"


class Timeout(Exception):
    """Nothing (more) arrived in time; `args[0]` names what was waited for."""


class Closed(Exception):
    """The server ended the connection; `args[0]` names what was waited for."""


class Client:
    """A connection; use it in a `with` block or close it."""

    def __init__(self, port, host=HOST, timeout_s=DEFAULT_TIMEOUT_S):
        self.timeout_s = timeout_s
        self.was_reset = False
        self.chop_bytes = 0  # > 0: send in pieces of this size, each in a segment of its own.
        self._buffer = bytearray()
        self._ended = False
        self._socket = socket.create_connection((host, port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def socket(self):
        return self._socket

    def close(self):
        self._socket.close()

    def send(self, data):
        """Sends all of `data`; a connection that the server has ended swallows it, as TCP would."""
        self._socket.settimeout(self.timeout_s)
        step = self.chop_bytes or len(data)
        try:
            for at in range(0, len(data), max(step, 1)):
                self._socket.sendall(data[at:at + step])
        except (BrokenPipeError, ConnectionResetError):
            self.was_reset = True

    def send_line(self, line):
        self.send((line if isinstance(line, bytes) else line.encode("latin-1")) + b"\r\n")

    def pending(self):
        """What has been received and not yet consumed."""
        return bytes(self._buffer)

    def consume(self, count):
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def fill(self, deadline, waited_for="data"):
        """Receives once. Raises Closed at the end of the stream, Timeout at `deadline`."""
        if self._ended:
            raise Closed(waited_for)
        left = deadline - time.monotonic()
        if left <= 0:
            raise Timeout(waited_for)
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(262144)
        except socket.timeout:
            raise Timeout(waited_for) from None
        except (ConnectionResetError, BrokenPipeError):
            self.was_reset = True
            data = b""
        if not data:
            self._ended = True
            raise Closed(waited_for)
        self._buffer += data

    def read_bytes(self, count, timeout_s=None):
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        while len(self._buffer) < count:
            self.fill(deadline, "%d bytes, have %r" % (count, bytes(self._buffer[:200])))
        return self.consume(count)

    def read_line(self, timeout_s=None):
        """The next line without its CRLF."""
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        while b"\r\n" not in self._buffer:
            self.fill(deadline, "a line, have %r" % bytes(self._buffer[:200]))
        return self.consume(self._buffer.index(b"\r\n") + 2)[:-2]

    def read_until_end(self, timeout_s=None):
        """The lines up to `END`, which is not among them; an error line ends the answer too."""
        lines = []
        while True:
            line = self.read_line(timeout_s)
            if line == b"END":
                return lines
            if line.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")):
                raise AssertionError("answered %r after %d lines" % (line, len(lines)))
            lines.append(line)

    def read_to_close(self, timeout_s=None):
        """Everything up to the end of the stream; raises Timeout when it does not come."""
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        try:
            while True:
                self.fill(deadline, "the end of the connection, have %r" % self.pending()[:200])
        except Closed:
            return self.consume(len(self._buffer))

    def ask(self, line, timeout_s=None):
        """Sends one command line, returns the one line that answers it, as text."""
        self.send_line(line)
        return self.read_line(timeout_s).decode("latin-1")

    def set(self, key, value, flags=0, exptime=0):
        """Stores `value` (bytes); returns the answer as text."""
        self.send(b"set %s %d %d %d\r\n%s\r\n" % (key.encode(), flags, exptime, len(value), value))
        return self.read_line().decode("latin-1")

    def get(self, key):
        """The value as bytes, None when it is absent."""
        self.send(b"get %s\r\n" % key.encode())
        head = self.read_line()
        if head == b"END":
            return None
        words = head.split(b" ")
        if len(words) != 4 or words[0] != b"VALUE" or words[1] != key.encode():
            raise AssertionError("get %s answered %r" % (key, head))
        value = self.read_bytes(int(words[3]) + 2)[:-2]
        end = self.read_line()
        if end != b"END":
            raise AssertionError("get %s: %r where END belongs" % (key, end))
        return value

    def stats(self, group=""):
        """The answer to `stats [group]` as a dict of text."""
        self.send_line(("stats " + group).strip())
        found = {}
        for line in self.read_until_end():
            words = line.decode("latin-1").split(" ", 2)
            if words[0] != "STAT" or len(words) < 2:
                raise AssertionError("stats %s: %r is not a STAT line" % (group, line))
            found[words[1]] = words[2] if len(words) > 2 else ""
        return found
