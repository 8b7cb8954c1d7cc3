"""Starts what is compared, and says what that was."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from tests.bench import machine
from tests.bench.servers import (BenchError, Contender, free_port, memcached_binary, poller_flags,
                                 program, start_floors, start_one, start_pair)
from tests.bench.yardstick.kinds import EPOLL, FLOOR, IO_URING, MEMCACHED, SOLO, Kind


@dataclass(frozen=True)
class Programs:
    memcached: Path
    twincached: Path
    floor: Path


def find_programs(memcached: Optional[str], twincached: Optional[str],
                  floor: Optional[str]) -> Programs:
    """Raises BenchError when one is missing."""
    found = Programs(memcached_binary(memcached), program(twincached, "twincached", "--binary"),
                     program(floor, "tests/bench/floor/floor", "--floor"))
    return found


def insist_on_optimized(programs: Sequence[Path], is_judged: bool) -> None:
    """A program that was built without -c opt is said; BenchError when it would be judged."""
    for path in programs:
        if "fastbuild" in str(path.resolve()):
            text = f"{path} was built without -c opt (`./bazelw run -c opt` builds it right)"
            if is_judged:
                raise BenchError(text)
            print(f"warning: {text}", file=sys.stderr)


def pollers_of(binary: Path, asked: Optional[str]) -> Sequence[str]:
    """What this build can use, its default first, or what of it was asked for."""
    known = (IO_URING, EPOLL) if poller_flags(binary, EPOLL) else (EPOLL,)
    if asked is None:
        return known
    for poller in asked.split(","):
        if poller not in (IO_URING, EPOLL):
            raise BenchError(f"--pollers: {poller} is neither {IO_URING} nor {EPOLL}")
        if poller not in known:
            print(f"warning: {binary} has no {poller} poller", file=sys.stderr)
    return tuple(poller for poller in asked.split(",") if poller in known) or known


def start(kind: Kind, programs: Programs, extra: Sequence[str] = ()) -> Contender:
    """`extra` are options that memcached and twincached both take."""
    threads = ("-t", str(kind.threads), *extra)
    if kind.server == FLOOR:
        return start_floors(kind.name, programs.floor, kind.poller, kind.threads)
    if kind.server == MEMCACHED:
        return start_one(kind.name, programs.memcached, threads)
    options = (*threads, *poller_flags(programs.twincached, kind.poller))
    if kind.server == SOLO:
        return start_one(kind.name, programs.twincached, ("-X", str(free_port()), *options))
    ack = kind.server.split("ack=")[1]
    return start_pair(kind.name, programs.twincached, (f"--ack={ack}", *options))


def start_all(kinds: Sequence[Kind], programs: Programs, stack: ExitStack,
              extra: Sequence[str] = ()) -> Dict[Kind, Contender]:
    """Every contender that runs here; a floor that does not is said and left out."""
    found: Dict[Kind, Contender] = {}
    for kind in kinds:
        print(f"starting {kind.name}", file=sys.stderr, flush=True)
        try:
            found[kind] = start(kind, programs, extra)
        except BenchError as error:
            if (kind.server, kind.poller) != (FLOOR, IO_URING):
                raise
            print(f"warning: {error}", file=sys.stderr)
            continue
        stack.callback(found[kind].stop)
    return found


def describe(contenders: Sequence[Contender], load: str) -> Dict[str, Any]:
    """What was measured, where, and how: for the JSON, and by head_lines for the table."""
    servers = {server.name: {"version": server.version(), "command": server.command_line()}
               for contender in contenders for server in contender.servers}
    return {"machine": machine.describe(), "servers": servers, "load": load}


def head_lines(head: Dict[str, Any]) -> List[str]:
    lines = [f"- {name}: {value}" for name, value in head["machine"].items()]
    lines += [f"- {name}: {server['version']}, `{server['command']}`"
              for name, server in head["servers"].items()]
    return lines + [f"- load: {head['load']}"]
