"""A node that lies: it takes a role and a link like twincached, but replicates nothing.

The drills run against it in their own test, and have to notice; the pair runner's test starts it.
Text protocol: what the drills use of it, for keys that nobody else has.
"""

import itertools
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

_STORES = (b"set", b"add", b"cas")
_LOOPBACK = "127.0.0.1"


def _listen(port: int) -> Optional[socket.socket]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        return None
    return listener


def install(folder: Path) -> Path:
    """Writes a program into the folder that starts the fake, and returns its path."""
    program = folder / "twincached"
    source = Path(__file__).absolute()
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {source} \"$@\"\n", encoding="utf-8")
    program.chmod(0o700)
    return program


class FakeNode:
    def __init__(self, port: int, replication_port: int) -> None:
        self._values: Dict[bytes, Tuple[bytes, int]] = {}  # With their cas ids.
        self._cas_ids = itertools.count(1)
        self._buffers: Dict[socket.socket, bytes] = {}
        self._ready = selectors.DefaultSelector()
        self._replication_port = replication_port
        self._paired = False
        self._master = self._take_replication_port()
        if not self._master:
            link = socket.create_connection((_LOOPBACK, replication_port))
            self._paired = True
            self._watch(link, self._on_link)
        clients = _listen(port)
        assert clients is not None
        self._watch(clients, lambda listener: self._accept(listener, self._on_client))

    def run(self) -> None:
        while True:
            for key, _ in self._ready.select():
                key.data(key.fileobj)

    def _watch(self, link: socket.socket, action: Callable[[socket.socket], None]) -> None:
        self._ready.register(link, selectors.EVENT_READ, action)

    def _take_replication_port(self) -> bool:
        listener = _listen(self._replication_port)
        if listener is not None:
            self._watch(listener, self._on_peer)
        return listener is not None

    def _accept(self, listener: socket.socket, action: Callable[[socket.socket], None]) -> None:
        link, _ = listener.accept()
        self._buffers[link] = b""
        self._watch(link, action)

    def _on_peer(self, listener: socket.socket) -> None:
        self._paired = True
        self._accept(listener, self._on_link)

    def _on_link(self, link: socket.socket) -> None:
        self._ready.unregister(link)
        link.close()
        self._paired = False
        print("replication: close", file=sys.stderr, flush=True)
        while not self._master:  # The dead node's listener can outlive its link by a moment.
            self._master = self._take_replication_port()

    def _on_client(self, link: socket.socket) -> None:
        try:
            data = link.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self._ready.unregister(link)
            link.close()
            return
        lines = (self._buffers[link] + data).split(b"\r\n")
        self._buffers[link] = lines.pop()
        answers = b""
        while lines:
            if lines[0].startswith(_STORES) and len(lines) < 2:
                self._buffers[link] = lines[0] + b"\r\n" + self._buffers[link]
                break
            answers += self._answer(lines.pop(0).split(), lines)
        link.sendall(answers)

    def _answer(self, words: list, rest: list) -> bytes:
        if words[0] in _STORES:
            return self._store(words, rest.pop(0))
        if words[0] in (b"get", b"gets"):
            return self._get(words[1:], words[0] == b"gets")
        if words[0] == b"delete":
            return b"DELETED\r\n" if self._values.pop(words[1], None) else b"NOT_FOUND\r\n"
        if words[0] == b"incr":
            return self._increment(words[1])
        if words == [b"stats", b"replication"]:
            role = "MASTER" if self._master else "SLAVE"
            state = role if self._paired else "SOLO"
            return f"STAT role {role}\r\nSTAT state {state}\r\nEND\r\n".encode("ascii")
        return b"VERSION fake\r\n" if words == [b"version"] else b"END\r\n"

    def _store(self, words: list, value: bytes) -> bytes:
        found = self._values.get(words[1])
        if words[0] == b"add" and found:
            return b"NOT_STORED\r\n"
        if words[0] == b"cas" and (not found or found[1] != int(words[5])):
            return b"EXISTS\r\n" if found else b"NOT_FOUND\r\n"
        self._values[words[1]] = (value, next(self._cas_ids))
        return b"STORED\r\n"

    def _get(self, keys: list, shows_cas: bool) -> bytes:
        answer = b""
        for key in keys:
            if key in self._values:
                value, cas = self._values[key]
                shown = b" %d" % cas if shows_cas else b""
                answer += b"VALUE %s 0 %d%s\r\n%s\r\n" % (key, len(value), shown, value)
        return answer + b"END\r\n"

    def _increment(self, key: bytes) -> bytes:
        if key not in self._values:
            return b"NOT_FOUND\r\n"
        number = b"%d" % (int(self._values[key][0]) + 1)
        self._values[key] = (number, next(self._cas_ids))
        return number + b"\r\n"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    _flags = dict(zip(sys.argv, sys.argv[1:]))
    FakeNode(int(_flags["-p"]), int(_flags["-X"])).run()
