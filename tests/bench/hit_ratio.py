"""Compares the hit ratios of twincached and memcached at equal memory, on synthetic traces.

    ./bazelw run -c opt //tests/bench:hit_ratio                       every trace and size
    ./bazelw run -c opt //tests/bench:hit_ratio -- --check            exit 1 when a figure is missed
    ./bazelw run -c opt //tests/bench:hit_ratio -- --traces scan --keys 1000000 --requests 3000000

For each trace and each size, fresh servers with the same -m are played the same requests in lock
step by tests/bench/replay. Exit codes: 0 measured (and met, with --check), 1 not met or could not
run.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

from tests.bench import hit_ratio_summary as summary
from tests.bench import machine
from tests.bench.outcome import run_program, tell_verdicts
from tests.bench.servers import (LOOPBACK, BenchError, Contender, caller_path, free_port,
                                 memcached_binary, program, start_one, start_pair, stats)

_MEMCACHED = "memcached"
_SOLO = "twincached"
_PAIR = "pair"
# Far more than any machine needs; the player itself notices a server that hangs.
_REQUESTS_PER_SECOND_MIN = 5000


@dataclass(frozen=True)
class Programs:
    """`pair` asks for a third contender, two nodes of `twincached`."""

    replay: Path
    memcached: Path
    twincached: Path
    pair: bool


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = argparse.ArgumentParser(prog="hit_ratio",
                                    description=__doc__.split("\n", maxsplit=1)[0])
    flags.add_argument("--traces", default=",".join(trace.name for trace in summary.TRACES),
                       help="comma-separated (%(default)s)")
    flags.add_argument("--sizes", default="1,10,30",
                       help="-m in percent of the working set, comma-separated (%(default)s)")
    flags.add_argument("--keys", type=int, default=8000000, help="distinct keys (8000000)")
    flags.add_argument("--requests", type=int, default=12000000,
                       help="of one row, with the warm-up (12000000)")
    flags.add_argument("--warm-up", type=int, help="first requests, not counted (a half)")
    flags.add_argument("--seed", type=int, default=1, help="of the traces (1)")
    flags.add_argument("--pair", action="store_true", help="also a pair, asked on its master")
    flags.add_argument("--binary", help="the twincached to measure (the one just built)")
    flags.add_argument("--memcached", help="the memcached to compare with (the installed one)")
    flags.add_argument("--replay", help="the trace player (the one just built)")
    flags.add_argument("--json", metavar="FILE", help="write everything that was measured")
    flags.add_argument("--check", action="store_true",
                       help="exit 1 when an acceptance figure is not met")
    parsed = flags.parse_args(arguments)
    if parsed.warm_up is None:
        parsed.warm_up = parsed.requests // 2
    if parsed.keys < 1 or not 0 <= parsed.warm_up < parsed.requests:
        flags.error("--keys must be positive, and --warm-up less than --requests")
    return parsed


def chosen_traces(names: str) -> List[summary.Trace]:
    known = {trace.name: trace for trace in summary.TRACES}
    for name in names.split(","):
        if name not in known:
            raise BenchError(f"unknown trace {name}, known: {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def chosen_percents(text: str) -> List[float]:
    try:
        percents = [float(part) for part in text.split(",")]
    except ValueError:
        percents = []
    if not percents or not all(0 < percent <= 1000 for percent in percents):
        raise BenchError(f"--sizes takes percentages between 0 and 1000, not {text}")
    return percents


def replay_json(programs: Programs, flags: argparse.Namespace, *more: str) -> Dict[str, Any]:
    """Runs the player and returns its report. Raises BenchError when it could not play."""
    command = [str(programs.replay), "--json", "--keys", str(flags.keys),
               "--requests", str(flags.requests), "--warm-up", str(flags.warm_up),
               "--seed", str(flags.seed), *more]
    seconds = 60 + flags.requests / _REQUESTS_PER_SECOND_MIN
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"replay was not done after {seconds:.0f} s") from error
    if done.returncode != 0:
        raise BenchError(done.stderr.strip() or f"replay ended with {done.returncode}")
    return json.loads(done.stdout)


def start_contenders(programs: Programs, memory_mb: int, stack: ExitStack) -> List[Contender]:
    contenders: List[Contender] = []

    def started(contender: Contender) -> None:
        stack.callback(contender.stop)
        contenders.append(contender)

    replication = () if programs.twincached.name == _MEMCACHED else ("-X", str(free_port()))
    started(start_one(_MEMCACHED, programs.memcached, (), memory_mb))
    started(start_one(_SOLO, programs.twincached, replication, memory_mb))
    if programs.pair:
        started(start_pair(_PAIR, programs.twincached, ("--ack=pair",), memory_mb))
    return contenders


def state_of(contender: Contender) -> Dict[str, Any]:
    """What a server holds after the play."""
    server = contender.loaded
    counters = stats(server.port)
    status = Path(f"/proc/{server.pid}/status").read_text("ascii").splitlines()
    resident = [line.split()[1] for line in status if line.startswith("VmRSS:")]
    return {"command": server.command_line(), "version": server.version(),
            "items": int(counters.get("curr_items", 0)),
            "evictions": int(counters.get("evictions", 0)),
            "resident_mb": round(int(resident[0]) / 1024, 1)}


def play(programs: Programs, trace: str, memory_mb: int,
         flags: argparse.Namespace) -> Dict[str, Any]:
    """One row: the player's report for each server by name, with what it held at the end."""
    with ExitStack() as stack:
        contenders = start_contenders(programs, memory_mb, stack)
        targets = [word for contender in contenders
                   for word in ("--target", f"{LOOPBACK}:{contender.loaded.port}")]
        report = replay_json(programs, flags, "--trace", trace, *targets)
        servers = {contender.name: {**found, **state_of(contender)}
                   for contender, found in zip(contenders, report.pop("targets"))}
    return {**report, "memory_mb": memory_mb, "servers": servers}


def measure(programs: Programs, flags: argparse.Namespace) -> List[Dict[str, Any]]:
    """Plays every row; says on stderr how far it is."""
    percents = chosen_percents(flags.sizes)
    plan = []
    for trace in chosen_traces(flags.traces):
        found = replay_json(programs, flags, "--trace", trace.name, "--working-set")
        working_set = found["working_set_bytes"]
        plan += [(trace.name, size, working_set)
                 for size in summary.memory_sizes_mb(trace, working_set, percents)]
    begin = time.monotonic()
    played = []
    for number, (trace_name, memory_mb, working_set) in enumerate(plan, 1):
        result = play(programs, trace_name, memory_mb, flags)
        played.append({**result, "working_set_bytes": working_set})
        ratios = ", ".join(f"{name} {100 * server['hit_ratio']:.2f} %"
                           for name, server in result["servers"].items())
        print(f"row {number} of {len(plan)}, {time.monotonic() - begin:.0f} s: {trace_name} at "
              f"{memory_mb} MiB: {ratios}", file=sys.stderr, flush=True)
    return played


def row_of(result: Dict[str, Any]) -> summary.Row:
    ratios = {name: server["hit_ratio"] for name, server in result["servers"].items()}
    return summary.Row(result["trace"], result["memory_mb"], result["working_set_bytes"], ratios)


def print_head(described: Dict[str, str], flags: argparse.Namespace) -> None:
    print("# Hit ratios at equal memory\n")
    for name, value in described.items():
        print(f"- {name}: {value}")
    print(f"- traces: {flags.keys} keys, {flags.requests} requests, the first {flags.warm_up} not "
          f"counted, seed {flags.seed}\n", flush=True)


def print_warnings(played: List[Dict[str, Any]]) -> None:
    for result in played:
        for name, server in result["servers"].items():
            if server["refused"] > 0:
                print(f"\nwarning: {result['trace']} at {result['memory_mb']} MiB: {name} refused "
                      f"{server['refused']} sets, the first: {server['first_refusal']}")


def run(flags: argparse.Namespace) -> int:
    programs = Programs(program(flags.replay, "tests/bench/replay/replay", "--replay"),
                        memcached_binary(flags.memcached),
                        program(flags.binary, "twincached", "--binary"), flags.pair)
    described = machine.describe()
    print_head(described, flags)
    played = measure(programs, flags)
    rows = [row_of(result) for result in played]
    servers = list(rows[0].hit_ratios)
    print(summary.table(rows, servers, _MEMCACHED))
    print_warnings(played)
    if flags.json:
        whole = {"machine": described, "rows": [asdict(row) for row in rows], "played": played}
        caller_path(flags.json).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    if not flags.check:
        return 0
    verdicts = summary.verdicts(rows, _SOLO, _MEMCACHED)
    return tell_verdicts(verdicts)


def main() -> int:
    return run_program("hit_ratio", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
