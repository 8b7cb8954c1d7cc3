"""What the guard counts: fixed scripts of operations, sent one at a time over one connection.

One request is on its way at any time, so every request is one turn of the server's loop and the
count does not depend on who is faster. A script runs twice, the second time with more operations;
the difference is the operations' own cost, without that of start, pairing and end.

Nodes of a pair also work by the clock: some 15,000 instructions for each tick and each heartbeat.
On a busy machine a script takes longer, so it sees more of them. So a third run only waits, to find
what one of them costs, and all that the other two saw are taken out.
"""

import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

from tests.bench.guard.callgrind import Count, CountedServer, start_counted
from tests.bench.servers import (LOOPBACK, BenchError, Contender, free_port, launch,
                                 poller_flags)

_KEYS = 1000
_VALUE = b"v" * 100
_WAIT_SECONDS = 90.0
# Nobody changes roles because valgrind is slow, and heartbeats are few.
_PATIENT = ["--promote-after-ms=60000", "--suspect-after-ms=18000", "--ack-timeout-ms=60000"]

_IDLE_SECONDS = 8.0

Counts = Dict[str, Count]  # by node


@dataclass(frozen=True)
class Workbench:
    """The binary under test and where its files may go. Each script waits so long at its end."""

    binary: Path
    folder: str
    idle_seconds: float = 0.0

    def start(self, name: str, options: List[str]) -> CountedServer:
        server = start_counted(name, self.binary, self.folder,
                               ["-m", "64", *poller_flags(self.binary, "epoll"), *options])
        try:
            server.wait_for("answer to `version`", lambda: server.version().startswith("VERSION"),
                            _WAIT_SECONDS)
        except BenchError:
            server.stop()
            raise
        return server


@contextmanager
def connected(port: int) -> Iterator[Callable[[bytes, bytes], None]]:
    """A function that sends a request and reads until its reply, which must end with `ends`."""
    with socket.create_connection((LOOPBACK, port), timeout=_WAIT_SECONDS) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def exchange(request: bytes, ends: bytes) -> None:
            client.sendall(request)
            reply = b""
            while not reply.endswith(ends):
                piece = client.recv(65536)
                if not piece or reply[-1024:].count(b"ERROR"):
                    raise ConnectionError(f"no right answer to {request!r}: {reply!r}")
                reply += piece

        yield exchange


def set_text(index: int) -> bytes:
    return b"set key%06d 0 0 %d\r\n%s\r\n" % (index % _KEYS, len(_VALUE), _VALUE)


def sets(port: int, count: int) -> None:
    with connected(port) as exchange:
        for index in range(count):
            exchange(set_text(index), b"STORED\r\n")


def gets(port: int, count: int) -> None:
    with connected(port) as exchange:
        for index in range(count):
            exchange(b"get key%06d\r\n" % (index % _KEYS), _VALUE + b"\r\nEND\r\n")


def misses(port: int, count: int) -> None:
    with connected(port) as exchange:
        for index in range(count):
            exchange(b"get none%05d\r\n" % (index % _KEYS), b"END\r\n")


def pipelined_sets(port: int, count: int) -> None:
    """In batches of 16; they arrive as one piece, because loopback does not cut 3 KiB."""
    with connected(port) as exchange:
        for index in range(0, count, 16):
            batch = b"".join(set_text(index + i) for i in range(16))
            exchange(batch, b"STORED\r\n" * 16)


def solo(operation: Callable[[int, int], None]) -> Callable[[Workbench, int], Counts]:
    def count(bench: Workbench, operations: int) -> Counts:
        server = bench.start("solo", ["-X", "0"])
        try:
            sets(server.port, _KEYS)
            operation(server.port, operations)
            return {"solo": server.stop_and_count()}
        finally:
            server.stop()

    return count


def pair(operation: Callable[[int, int], None]) -> Callable[[Workbench, int], Counts]:
    def count(bench: Workbench, operations: int) -> Counts:
        port = str(free_port())
        nodes: List[CountedServer] = []
        try:
            nodes.append(bench.start("master", ["-X", port, *_PATIENT]))
            nodes.append(bench.start("slave", ["-x", LOOPBACK, "-X", port, *_PATIENT]))
            nodes[1].wait_for_state("SLAVE", _WAIT_SECONDS)
            nodes[0].wait_for_state("MASTER", _WAIT_SECONDS)
            sets(nodes[0].port, _KEYS)
            operation(nodes[0].port, operations)
            time.sleep(bench.idle_seconds)
            counts = {"slave": nodes[1].stop_and_count()}
            return {"master": nodes[0].stop_and_count(), **counts}
        finally:
            for node in nodes:
                node.stop()

    return count


def snapshot(bench: Workbench, items: int) -> Counts:
    """The joiner is counted; the node that it copies from runs at full speed."""
    port = str(free_port())
    options = ["-x", LOOPBACK, "-X", port, *_PATIENT]
    source = Contender("source", [launch("source", bench.binary, ["-X", port, *_PATIENT], 64)])
    try:
        source.loaded.wait_until_it_answers()
        with connected(source.loaded.port) as exchange:
            for index in range(0, items, 100):
                exchange(b"".join(b"set item%07d 0 0 %d\r\n%s\r\n" % (i, len(_VALUE), _VALUE)
                                  for i in range(index, index + 100)), b"STORED\r\n" * 100)
        joiner = bench.start("joiner", options)
        source.servers.append(joiner)
        joiner.wait_for_state("SLAVE", _WAIT_SECONDS)
        time.sleep(bench.idle_seconds)
        return {"joiner": joiner.stop_and_count()}
    finally:
        source.stop()


@dataclass(frozen=True)
class Case:
    """`few` and `many` are the operations of the two runs; a pair needs the third."""

    name: str
    count: Callable[[Workbench, int], Counts]
    few: int
    many: int
    works_by_the_clock: bool = False

    def measure(self, bench: Workbench) -> List[Tuple[str, Dict[str, float]]]:
        """(figure's name, instructions per operation by object file), one per counted node."""
        started = time.monotonic()
        fewer = self.count(bench, self.few)
        idle_seconds = _IDLE_SECONDS + time.monotonic() - started
        more = self.count(bench, self.many)
        idle = fewer
        if self.works_by_the_clock:
            # Longer than all of the first run, however slow that was, or it might see less.
            idle = self.count(replace(bench, idle_seconds=idle_seconds), self.few)
        operations = self.many - self.few
        return [(f"{self.name}, {node}",
                 per_operation(fewer[node], more[node], idle[node], operations))
                for node in sorted(more)]


def per_operation(fewer: Count, more: Count, idle: Count, operations: int) -> Dict[str, float]:
    """Instructions by object file. `idle` is `fewer` itself where nothing is done by the clock."""
    events = idle.clock_events - fewer.clock_events
    if events <= 0 and idle is not fewer:
        raise BenchError("nothing was done by the clock: see _BY_THE_CLOCK in callgrind.py")
    found = {}
    for name in set(more.instructions) | set(fewer.instructions):
        first = fewer.instructions.get(name, 0)
        cost = more.instructions.get(name, 0) - first
        if events > 0:
            an_event = (idle.instructions.get(name, 0) - first) / events
            cost -= an_event * (more.clock_events - fewer.clock_events)
        if abs(cost) >= operations / 2:
            found[name] = cost / operations
    return found


CASES = (
    Case("get", solo(gets), 1000, 5000),
    Case("get miss", solo(misses), 1000, 5000),
    Case("set", solo(sets), 1000, 5000),
    Case("set in pipelines of 16", solo(pipelined_sets), 1600, 9600),
    Case("pair set", pair(sets), 1000, 5000, True),
    Case("pair set in pipelines of 16", pair(pipelined_sets), 1600, 9600, True),
    Case("snapshot item", snapshot, 10000, 40000, True),
)
