"""What 10,000 connections cost that are mostly idle: CPU per request of the busy ones, memory each.

    ./bazelw run -c opt //tests/bench:connections -- --check

Each round loads a server over 50 connections alone, then beside as many idle ones as make up the
rest; each idle one has asked once. memcached is measured beside. Exit codes: 0 measured (and met,
with --check), 1 not met or could not run.
"""

import argparse
import json
import resource
import socket
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from tests.bench.load_program import Load
from tests.bench.outcome import run_program, tell_states
from tests.bench.servers import LOOPBACK, BenchError, Contender, caller_path, program
from tests.bench.yardstick import connections_summary, contenders
from tests.bench.yardstick.flags import parser
from tests.bench.yardstick.kinds import MEMCACHED, SOLO, Kind

_KEYS = 100000
_VALUE_BYTES = 100
_SPARE_FILES = 200
_WORKLOAD = ["--get-ratio", "0.9", "--pipeline", "1"]


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = parser("connections", __doc__, rounds=5, seconds=2)
    flags.add_argument("--connections", type=int, default=10000, help="in all (10000)")
    flags.add_argument("--busy", type=int, default=50, help="of them (50)")
    flags.add_argument("--check", action="store_true", help="exit 1 when a figure is not met")
    parsed = flags.parse_args(arguments)
    if not 0 < parsed.busy < parsed.connections or parsed.rounds < 1:
        flags.error("--busy must be less than --connections, --rounds positive")
    return parsed


def allow_files(count: int) -> None:
    """Raises this process's limit of open files, which the servers inherit, to the hard one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count:
        raise BenchError(f"{count} open files are needed and {hard} allowed: raise `ulimit -Hn`, "
                         "or give less with --connections")
    soft = count if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def idle_connections(port: int, count: int) -> Iterator[None]:
    """So many connections that asked for one value and now wait for nothing."""
    clients: List[socket.socket] = []
    try:
        for _ in range(count):
            clients.append(socket.create_connection((LOOPBACK, port), timeout=10.0))
            clients[-1].sendall(b"get none\r\n")
            if clients[-1].recv(64) != b"END\r\n":
                raise BenchError(f"connection {len(clients)} got no right answer: is -c too low?")
        yield
    except OSError as error:
        raise BenchError(f"connection {len(clients)} of {count}: {error}") from error
    finally:
        for client in clients:
            client.close()


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


class Rounds:
    """The running servers, and what was measured of them."""

    def __init__(self, flags: argparse.Namespace, load: Load) -> None:
        self._flags = flags
        self._load = load
        self.costs: Dict[str, connections_summary.Cost] = {}

    def measure(self, kind: Kind, contender: Contender) -> None:
        """One round: alone, beside idle connections."""
        flags, server = self._flags, contender.loaded
        cost = self.costs.setdefault(kind.name, connections_summary.Cost(kind.name))
        alone = self._run(contender)
        before = resident_bytes(server.pid)
        idle = flags.connections - flags.busy
        with idle_connections(server.port, idle):
            grown = resident_bytes(server.pid) - before
            time.sleep(0.2)
            beside = self._run(contender)
        cost.add(alone, beside, grown / idle)
        print(f"{kind.name}: {alone['cpu_us']:.2f} us alone, {beside['cpu_us']:.2f} us beside "
              f"{idle} idle, {grown / idle:.0f} bytes each", file=sys.stderr, flush=True)
        time.sleep(0.5)

    def _run(self, contender: Contender) -> dict:
        report = self._load.measure(contender.loaded.port, self._flags.seconds, "--pid",
                                    contender.pids(), "--connections", str(self._flags.busy),
                                    *_WORKLOAD)
        return report["servers"][0]


def run(flags: argparse.Namespace) -> int:
    allow_files(flags.connections + _SPARE_FILES)
    load_path = program(flags.load, "tests/bench/load", "--load")
    load = Load(load_path, _KEYS, _VALUE_BYTES)
    programs = contenders.find_programs(flags.memcached, flags.binary, None)
    contenders.insist_on_optimized([load_path, programs.twincached, programs.floor], flags.check)
    pollers = contenders.pollers_of(programs.twincached, flags.pollers)
    rounds = Rounds(flags, load)
    with ExitStack() as stack:
        wanted = [Kind(MEMCACHED)] + [Kind(SOLO, poller) for poller in pollers]
        limit = ("-c", str(flags.connections + _SPARE_FILES))
        running = contenders.start_all(wanted, programs, stack, limit)
        head = contenders.describe(
            list(running.values()), f"{flags.busy} busy connections of {flags.connections}, 9:1, "
            f"{_VALUE_BYTES}-byte values, {flags.rounds} rounds of {flags.seconds:g} s")
        for contender in running.values():
            load.prefill(contender.loaded.port)
        for _ in range(flags.rounds):
            for kind, contender in running.items():
                rounds.measure(kind, contender)
    costs = list(rounds.costs.values())
    text = "\n\n".join(["# Idle connections", "\n".join(contenders.head_lines(head)),
                        connections_summary.table(costs)]) + "\n"
    print(text)
    if flags.markdown:
        caller_path(flags.markdown).write_text(text, encoding="utf-8")
    if flags.json:
        whole = {**head, "costs": [vars(cost) for cost in costs]}
        caller_path(flags.json).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    if not flags.check:
        return 0
    verdicts = connections_summary.verdicts(
        [cost for cost in costs if cost.name != Kind(MEMCACHED).name])
    tell_states([(verdict.state, verdict.sentence()) for verdict in verdicts])
    return 1 if any(verdict.state != "met" for verdict in verdicts) else 0


def main() -> int:
    return run_program("connections", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
