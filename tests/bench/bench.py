"""Compares the server CPU per request of twincached with memcached's, in alternating rounds.

    ./bazelw run -c opt //:bench                     solo against memcached
    ./bazelw run -c opt //:bench -- --pair --check   also the pair; exit 1 when a figure is not met

Exit codes: 0 measured (and met, with --check), 1 not met or could not run.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from tests.bench import machine, summary
from tests.bench.load_program import Load, Report
from tests.bench.outcome import run_program, tell_verdicts
from tests.bench.servers import (BenchError, Contender, caller_path, free_port, memcached_binary,
                                 program, start_one, start_pair)

_MEMCACHED = "memcached"
_SOLO = "solo"
_KEYS = 100000
_VALUE_BYTES = 100
_WARMUP_SECONDS = 0.5

Reports = Dict[Tuple[str, str], List[Report]]  # by workload key and contender name


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = argparse.ArgumentParser(prog="bench", description=__doc__.split("\n", maxsplit=1)[0])
    flags.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    flags.add_argument("--seconds", type=float, default=3.0, help="of one measured run (3)")
    flags.add_argument("--connections", type=int, default=50, help="(50)")
    flags.add_argument("--workloads", default=",".join(w.key for w in summary.WORKLOADS),
                       help="comma-separated (%(default)s)")
    flags.add_argument("--pair", action="store_true", help="also a pair, ack=pair and ack=local")
    flags.add_argument("--binary", help="the twincached to measure (the one just built)")
    flags.add_argument("--memcached", help="the memcached to compare with (the installed one)")
    flags.add_argument("--load", help="the load generator (the one just built)")
    flags.add_argument("--json", metavar="FILE", help="write everything that was measured")
    flags.add_argument("--check", action="store_true",
                       help="exit 1 when an acceptance figure is not met")
    parsed = flags.parse_args(arguments)
    if parsed.rounds < 1 or parsed.seconds <= 0:
        flags.error("--rounds and --seconds must be positive")
    return parsed


def chosen_workloads(names: str) -> List[summary.Workload]:
    known = {workload.key: workload for workload in summary.WORKLOADS}
    for name in names.split(","):
        if name not in known:
            raise BenchError(f"unknown workload {name}, known: {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def start_contenders(flags: argparse.Namespace, stack: ExitStack) -> List[Contender]:
    peer = memcached_binary(flags.memcached)
    binary = program(flags.binary, "twincached", "--binary")
    if "fastbuild" in str(binary.resolve()):
        print(f"warning: {binary} was built without -c opt\n", file=sys.stderr)
    contenders: List[Contender] = []

    def started(contender: Contender) -> None:
        stack.callback(contender.stop)
        contenders.append(contender)

    started(start_one(_MEMCACHED, peer))
    replication = () if binary.name == _MEMCACHED else ("-X", str(free_port()))
    started(start_one(_SOLO, binary, replication))
    if flags.pair:
        for ack in ("pair", "local"):
            started(start_pair(f"pair, ack={ack}", binary, (f"--ack={ack}",)))
    return contenders


def print_head(contenders: List[Contender], flags: argparse.Namespace) -> Dict[str, Any]:
    """Prints and returns what was measured, where, and how."""
    head: Dict[str, Any] = {"machine": machine.describe(), "servers": {}}
    print("# Server CPU per request\n")
    for name, value in head["machine"].items():
        print(f"- {name}: {value}")
    for contender in contenders:
        for server in contender.servers:
            head["servers"][server.name] = {"version": server.version(),
                                            "command": server.command_line()}
            print(f"- {server.name}: {server.version()}, `{server.command_line()}`")
    print(f"- load: {flags.connections} connections, {_VALUE_BYTES}-byte values, {_KEYS} keys, "
          f"{flags.rounds} alternating rounds of {flags.seconds:g} s\n", flush=True)
    return head


def measure(load: Load, contenders: List[Contender], workloads: List[summary.Workload],
            flags: argparse.Namespace) -> Reports:
    """All rounds; the order of the contenders turns by one from round to round."""
    reports: Reports = {}
    for contender in contenders:
        load.prefill(contender.loaded.port)
    for turn in range(flags.rounds):
        first = turn % len(contenders)
        for workload in workloads:
            for contender in contenders[first:] + contenders[:first]:
                report = measure_one(load, contender, workload, flags)
                reports.setdefault((workload.key, contender.name), []).append(report)
        print(f"round {turn + 1} of {flags.rounds} done", file=sys.stderr, flush=True)
    return reports


def measure_one(load: Load, contender: Contender, workload: summary.Workload,
                flags: argparse.Namespace) -> Report:
    try:
        return load.measure(contender.loaded.port, flags.seconds, "--pid", contender.pids(),
                            "--connections", str(flags.connections),
                            "--warmup", str(_WARMUP_SECONDS), *workload.flags())
    except BenchError as error:
        raise BenchError(f"{contender.name}, {workload.name}: {error}") from error


def write_json(path: Path, head: Dict[str, Any], lines: List[summary.Line],
               reports: Reports) -> None:
    rounds = [{"workload": key, "server": name, "reports": found}
              for (key, name), found in reports.items()]
    whole = {**head, "lines": [asdict(line) for line in lines], "rounds": rounds}
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def run(flags: argparse.Namespace) -> int:
    workloads = chosen_workloads(flags.workloads)
    load = Load(program(flags.load, "tests/bench/load", "--load"), _KEYS, _VALUE_BYTES)
    with ExitStack() as stack:
        contenders = start_contenders(flags, stack)
        head = print_head(contenders, flags)
        reports = measure(load, contenders, workloads, flags)
    lines = [summary.summarise(workload, contender.name, reports[workload.key, contender.name])
             for workload in workloads for contender in contenders]
    print(summary.table(lines, _MEMCACHED))
    for warning in summary.warnings(lines):
        print(f"\nwarning: {warning}")
    if flags.json:
        write_json(caller_path(flags.json), head, lines, reports)
    if not flags.check:
        return 0
    verdicts = summary.verdicts(lines, _SOLO, _MEMCACHED)
    return tell_verdicts(verdicts)


def main() -> int:
    return run_program("bench", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
