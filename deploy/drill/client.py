"""One client connection: dials, sends, and tells errors by kind. Base of Writer and Reader.

An error is counted once per kind and outage: a connection that dials a dead node two hundred times
a second has seen one `refused`, not two hundred. An outage ends with the next answer (`working`).
"""

import errno
import socket
from collections import Counter
from typing import Optional, Set

from deploy.drill.loop import READABLE, WRITABLE, Loop
from deploy.node.ports import LOOPBACK

REDIAL_S = 0.005
_CONNECT_LIMIT_S = 1.0
_READ_BYTES = 64 * 1024


class Client:
    """Subclasses implement on_open, on_data, on_broken. node is the index of the node in use."""

    def __init__(self, loop: Loop, ports: list, errors: Counter) -> None:
        self.loop = loop
        self.node = 0
        self.open = False
        self._ports = ports
        self._errors = errors
        self._outage: Set[str] = set()
        self._socket: Optional[socket.socket] = None
        self._dialled = 0.0
        self._unsent = b""

    def on_open(self) -> None:
        raise NotImplementedError

    def on_data(self, data: bytes) -> None:
        raise NotImplementedError

    def on_broken(self, was_open: bool) -> None:
        """The connection is closed; dial again from here."""
        raise NotImplementedError

    def dial(self, node: int) -> None:
        """REQUIRES: no connection."""
        assert self._socket is None
        self.node = node
        self._dialled = self.loop.now()
        dialling = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        dialling.setblocking(False)
        dialling.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        failure = dialling.connect_ex((LOOPBACK, self._ports[node]))
        if failure in (0, errno.EINPROGRESS):
            self._socket = dialling
            self.loop.watch(dialling.fileno(), READABLE | WRITABLE, self._on_ready)
            return
        dialling.close()
        self._count(_kind(failure))
        self.loop.call_after(0.0, lambda: self.on_broken(False))

    def send(self, data: bytes) -> None:
        self._unsent += data
        self._flush()

    def close(self) -> None:
        if self._socket is not None:
            self.loop.forget(self._socket.fileno())
            self._socket.close()
        self._socket = None
        self.open = False
        self._unsent = b""

    def fail(self, kind: str) -> None:
        """Counts the error and closes; then on_broken."""
        if self._socket is None:
            return
        self._count(kind)
        was_open = self.open
        self.close()
        self.on_broken(was_open)

    def working(self) -> None:
        """An answer came: whatever breaks next is a new outage."""
        self._outage.clear()

    def check_connect_limit(self, now: float) -> None:
        if self._socket is not None and not self.open and now - self._dialled > _CONNECT_LIMIT_S:
            self.fail("connect-timeout")

    def _count(self, kind: str) -> None:
        if kind not in self._outage:
            self._outage.add(kind)
            self._errors[kind] += 1

    def _on_ready(self, events: int) -> None:
        if not self.open:
            self._finish_connect()
        elif events & ~WRITABLE:
            self._receive()
        else:
            self._flush()

    def _finish_connect(self) -> None:
        assert self._socket is not None
        failure = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            self.fail(_kind(failure))
            return
        self.open = True
        self.loop.change(self._socket.fileno(), READABLE)
        self.on_open()

    def _receive(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail(_kind(error.errno))
            return
        if data:
            self.on_data(data)
        else:
            self.fail("closed")

    def _flush(self) -> None:
        assert self._socket is not None
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # The broken connection is reported as readable next.
        self._unsent = self._unsent[sent:]
        events = READABLE | WRITABLE if self._unsent else READABLE
        self.loop.change(self._socket.fileno(), events)


def _kind(failure: Optional[int]) -> str:
    known = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset"}
    return known.get(failure or 0, errno.errorcode.get(failure or 0, "error").lower())
