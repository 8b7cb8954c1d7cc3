"""Mutations in pipelines of 16 over many connections, as fast as the server answers.

Requests are made beforehand and every reply of a workload has the same length, so that one thread
of Python is faster than the server: nothing is built or parsed while the load runs.
"""

import select
import socket
import time
from dataclasses import dataclass
from typing import Callable, Dict, List

from tests.bench.servers import LOOPBACK, BenchError

PIPELINE = 16
CONNECTIONS = 50
_READ_BYTES = 1 << 16
_WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Workload:
    """`fill` makes the first set of a key, `text` the i-th request of the load.

    Each changes something. A connection sends its `batches` pipelines in turn; its keys are its
    own."""

    name: str
    fill: Callable[[int], bytes]
    text: Callable[[int], bytes]
    replies: List[bytes]  # as long as those of requests, in turn
    record_bytes: int  # about so much a mutation takes in the log
    batches: int = 40

    def pipeline(self, text: Callable[[int], bytes], connection: int, batch: int) -> bytes:
        first = (connection * self.batches + batch) * PIPELINE
        return b"".join(text(first + i) for i in range(PIPELINE))

    def reply_bytes(self) -> int:
        return sum(len(self.replies[i % len(self.replies)]) for i in range(PIPELINE))


def _set(key: int, value_bytes: int, expiry_s: int = 0) -> bytes:
    return b"set key%07d 0 %d %d\r\n%s\r\n" % (key, expiry_s, value_bytes, b"v" * value_bytes)


def _sets(name: str, value_bytes: int, batches: int = 40) -> Workload:
    def text(key: int) -> bytes:
        return _set(key, value_bytes)
    return Workload(name, text, text, [b"STORED\r\n"], value_bytes + 60, batches)


def _set_or_delete(index: int) -> bytes:
    return _set(index // 2, 100) if index % 2 == 0 else b"delete key%07d\r\n" % (index // 2)


# A number whose length stays what it is.
_NUMBER = b"1000000000"

WORKLOADS = (
    _sets("set, 100 bytes", 100),
    _sets("set, 10 bytes", 10),
    _sets("set, 10,000 bytes", 10000, 4),
    Workload("incr", lambda key: b"set key%07d 0 0 10\r\n%s\r\n" % (key, _NUMBER),
             lambda key: b"incr key%07d 1\r\n" % key, [_NUMBER + b"\r\n"], 70),
    Workload("touch", lambda key: _set(key, 100, 100000),
             lambda key: b"touch key%07d 100000\r\n" % key, [b"TOUCHED\r\n"], 60),
    Workload("set, then delete", lambda key: _set(key, 100), _set_or_delete,
             [b"STORED\r\n", b"DELETED\r\n"], 110),
)


@dataclass
class _Connection:
    client: socket.socket
    next_batch: int = 0
    missing_bytes: int = 0


class MutationLoad:
    """Connections to one server that send a workload's pipelines. close() it."""

    def __init__(self, port: int, workload: Workload) -> None:
        self._workload = workload
        self._reply_bytes = workload.reply_bytes()
        self._pipelines = [[workload.pipeline(workload.text, connection, batch)
                            for batch in range(workload.batches)]
                           for connection in range(CONNECTIONS)]
        self._connections: Dict[int, _Connection] = {}
        self._poll = select.epoll()
        for _ in range(CONNECTIONS):
            client = socket.create_connection((LOOPBACK, port), timeout=_WAIT_SECONDS)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[client.fileno()] = _Connection(client)
            self._poll.register(client.fileno(), select.EPOLLIN)

    def close(self) -> None:
        self._poll.close()
        for connection in self._connections.values():
            connection.client.close()

    def fill(self) -> None:
        """Every key gets its first value, and every reply of the workload is looked at once."""
        for index, connection in enumerate(self._connections.values()):
            for batch in range(self._workload.batches):
                pipeline = self._workload.pipeline(self._workload.fill, index, batch)
                self._exchange(connection, pipeline, len(b"STORED\r\n") * PIPELINE)
            self._exchange(connection, self._pipelines[index][0], self._reply_bytes)

    def run(self, seconds: float = 0.0, mutations: int = 0) -> int:
        """Sends for so long, or so many, and returns how many were answered: all that were sent."""
        end = time.monotonic() + seconds
        pipelines = -(-mutations // PIPELINE)
        started = answered = 0
        indexes = {fd: index for index, fd in enumerate(self._connections)}

        def start(fd: int) -> None:
            nonlocal started
            if started >= pipelines if mutations else time.monotonic() >= end:
                return
            connection = self._connections[fd]
            batches = self._pipelines[indexes[fd]]
            connection.client.sendall(batches[connection.next_batch % len(batches)])
            connection.next_batch += 1
            connection.missing_bytes = self._reply_bytes
            started += 1

        for fd in self._connections:
            start(fd)
        while answered < started:
            ready = self._poll.poll(_WAIT_SECONDS)
            if not ready:
                raise BenchError("the master stopped answering")
            for fd, _ in ready:
                connection = self._connections[fd]
                connection.missing_bytes -= len(connection.client.recv(_READ_BYTES))
                if connection.missing_bytes < 0:
                    raise BenchError("a reply that is too long")
                if connection.missing_bytes == 0:
                    answered += 1
                    start(fd)
        return answered * PIPELINE

    @staticmethod
    def _exchange(connection: _Connection, request: bytes, reply_bytes: int) -> None:
        connection.client.sendall(request)
        reply = b""
        while reply.count(b"\r\n") < PIPELINE:
            piece = connection.client.recv(_READ_BYTES)
            if not piece:
                raise BenchError("the master closed a connection")
            reply += piece
        if len(reply) != reply_bytes or b"ERROR" in reply or b"NOT_" in reply:
            raise BenchError(f"not the right replies: {reply[:100]!r}")
