"""Does resident memory stay within -m while the sizes of values shift?

    ./bazelw run -c opt //tests/bench:memory_bound                     30 minutes
    ./bazelw run -c opt //tests/bench:memory_bound -- --minutes 2 --check

Fresh servers with the same -m are given the same sets: phase by phase other sizes, from 50 bytes to
900 kB, then all of them mixed; new keys and overwritten ones. Resident memory is looked at all the
while. Exit codes: 0 measured (and met, with --check), 1 not met or could not run.
"""

import argparse
import json
import random
import socket
import sys
import time
from contextlib import ExitStack
from typing import Dict, List, Optional

from tests.bench import machine
from tests.bench.outcome import run_program
from tests.bench.servers import (LOOPBACK, BenchError, Contender, caller_path, memcached_binary,
                                 program, start_one)

MIB = 1 << 20
# Beyond -m: code, libraries, buffers, one thread.
CONSTANT_MIB = 16
LIMIT = 1.03
PHASES = ((50, 80), (300, 500), (2000, 4000), (20000, 30000), (100000, 200000), (600000, 900000),
          (50, 900000))
_BATCH_BYTES = 1 << 18
_KEYS_PER_MIB = 20000
_TIMEOUT_SECONDS = 20.0


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise BenchError(f"no Rss in /proc/{pid}/smaps_rollup")


def phase_at(second: float, seconds: float) -> int:
    """The phase at this second of so many: every phase is met three times."""
    rounds = 3
    return int(second * rounds * len(PHASES) / seconds) % len(PHASES)


def value_bytes(phase: int, draw: random.Random) -> int:
    """Of one value: any size of the phase's range is as likely, by its logarithm."""
    low, high = PHASES[phase]
    return int(low * (high / low) ** draw.random())


class Client:
    """Sets in batches; what is refused is counted."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=_TIMEOUT_SECONDS)
        self.refused = 0
        self.stored = 0

    def send(self, batch: bytes) -> None:
        self.socket.sendall(batch)

    def read(self, count: int) -> None:
        reply = b""
        while reply.count(b"\r\n") < count:
            piece = self.socket.recv(1 << 16)
            if not piece:
                raise BenchError("the server closed the connection")
            reply += piece
        stored = reply.count(b"STORED\r\n")
        self.stored += stored
        self.refused += count - stored


def make_batch(phase: int, keys: int, draw: random.Random) -> List[bytes]:
    sets = []
    size = 0
    while size < _BATCH_BYTES:
        length = value_bytes(phase, draw)
        key = b"key:%012d" % draw.randrange(keys)
        sets.append(b"set %s 0 0 %d\r\n%s\r\n" % (key, length, b"v" * length))
        size += len(sets[-1])
    return sets


def play(contenders: List[Contender], flags: argparse.Namespace) -> Dict[str, Dict[str, float]]:
    clients = [Client(contender.loaded.port) for contender in contenders]
    draw = random.Random(flags.seed)
    seconds = flags.minutes * 60
    worst = [0] * len(contenders)
    begin = told = time.monotonic()
    while (now := time.monotonic()) < begin + seconds:
        batch = make_batch(phase_at(now - begin, seconds), flags.memory * _KEYS_PER_MIB, draw)
        for client in clients:
            client.send(b"".join(batch))
            client.read(len(batch))
        for i, contender in enumerate(contenders):
            worst[i] = max(worst[i], resident_bytes(contender.loaded.pid))
        if now - told >= 10:
            told = now
            sizes = PHASES[phase_at(now - begin, seconds)]
            most = ", ".join(f"{bytes_ / MIB:.0f}" for bytes_ in worst)
            print(f"{now - begin:.0f} s, values of {sizes}: at most {most} MiB", file=sys.stderr)
    return {contender.name: {"resident_bytes_max": worst[i], "stored": clients[i].stored,
                             "refused": clients[i].refused}
            for i, contender in enumerate(contenders)}


def table(results: Dict[str, Dict[str, float]], memory_mb: int) -> str:
    rows = ["| server | -m | resident at most | of -m | sets stored | refused |",
            "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, result in results.items():
        resident = result["resident_bytes_max"]
        rows.append(f"| {name} | {memory_mb} MiB | {resident / MIB:.1f} MiB "
                    f"| {resident / (memory_mb * MIB):.3f} | {result['stored']:.0f} "
                    f"| {result['refused']:.0f} |")
    return "\n".join(rows)


def is_met(result: Dict[str, float], memory_mb: int) -> bool:
    limit = LIMIT * memory_mb * MIB + CONSTANT_MIB * MIB
    return result["resident_bytes_max"] <= limit and result["refused"] == 0


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = argparse.ArgumentParser(prog="memory_bound",
                                    description=__doc__.split("\n", maxsplit=1)[0])
    flags.add_argument("--minutes", type=float, default=30.0, help="(%(default)s)")
    flags.add_argument("--memory", type=int, default=256, help="-m in MiB (%(default)s)")
    flags.add_argument("--seed", type=int, default=1, help="of keys and sizes (1)")
    flags.add_argument("--binary", help="the twincached to measure (the one just built)")
    flags.add_argument("--memcached", help="the memcached to compare with (the installed one)")
    flags.add_argument("--json", help="write the figures to this file too")
    flags.add_argument("--check", action="store_true",
                       help=f"exit 1 over {LIMIT} x -m + {CONSTANT_MIB} MiB, or on a refused set")
    return flags.parse_args(arguments)


def run(flags: argparse.Namespace) -> int:
    twincached = program(flags.binary, "twincached", "--binary")
    memcached = memcached_binary(flags.memcached)
    with ExitStack() as stack:
        contenders = [start_one("twincached", twincached, ("-X", "0"), flags.memory)]
        stack.callback(contenders[0].stop)
        contenders.append(start_one("memcached", memcached, memory_mb=flags.memory))
        stack.callback(contenders[1].stop)
        results = play(contenders, flags)
    for name, value in machine.describe().items():
        print(f"- {name}: {value}")
    print(f"- {flags.minutes:g} minutes, seed {flags.seed}\n")
    print(table(results, flags.memory))
    if flags.json:
        with open(caller_path(flags.json), "w", encoding="utf-8") as file:
            json.dump({"memory_mib": flags.memory, "minutes": flags.minutes, "servers": results},
                      file, indent=2)
    if not flags.check or is_met(results["twincached"], flags.memory):
        return 0
    print("NOT MET: see the limit in --help")
    return 1


def main() -> int:
    return run_program("memory_bound", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
