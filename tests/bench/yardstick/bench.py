"""The yardstick: memcached, the floor, twincached and the pair in alternating rounds.

    ./bazelw run -c opt //:bench                     solo against memcached and the floor
    ./bazelw run -c opt //:bench -- --pair --check   also the pair; exit 1 when a figure is not met

Exit codes: 0 measured (and met, with --check), 1 not met or could not run.
"""

import argparse
import json
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from tests.bench.load_program import Load, Report
from tests.bench.outcome import run_program, tell_states
from tests.bench.servers import BenchError, Contender, caller_path, program
from tests.bench.yardstick import acceptance, contenders, kinds, paced, summary, system_calls
from tests.bench.yardstick.flags import parser
from tests.bench.yardstick.kinds import Kind

_KEYS = 100000
_VALUE_BYTES = 100
# Of large values there are fewer keys, so that all of them fit.
_STORED_BYTES_MAX = 200000000
_WARMUP_SECONDS = 0.5


@dataclass
class Found:
    """Everything that was measured; the keys begin with a workload's key."""

    reports: Dict[Tuple[str, Kind], List[Report]] = field(default_factory=dict)
    paced: Dict[Kind, List[Report]] = field(default_factory=dict)
    calls: Dict[Tuple[str, Kind], float] = field(default_factory=dict)
    calls_by: str = "not asked for"


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = parser("bench", __doc__, rounds=5, seconds=3)
    flags.add_argument("--connections", type=int, default=50, help="(50)")
    flags.add_argument("--value-bytes", type=int, default=_VALUE_BYTES, help="(%(default)s)")
    flags.add_argument("--workloads", default=",".join(w.key for w in summary.WORKLOADS),
                       help="comma-separated (%(default)s)")
    flags.add_argument("--pair", action="store_true", help="also a pair, ack=pair and ack=local")
    flags.add_argument("--threads", default="1", help="of the servers, as 1,2 (1)")
    flags.add_argument("--no-floor", action="store_true", help="leave the bare loops out")
    flags.add_argument("--paced-runs", type=int, default=9,
                       help=f"with --pair: latency at {paced.RATE}/s, so many runs of each (9)")
    flags.add_argument("--no-calls", action="store_true", help="do not count system calls")
    flags.add_argument("--floor", help="the bare loop (the one just built)")
    flags.add_argument("--check", action="store_true",
                       help="exit 1 when an acceptance figure is not met")
    parsed = flags.parse_args(arguments)
    if parsed.rounds < 1 or parsed.seconds <= 0:
        flags.error("--rounds and --seconds must be positive")
    if parsed.value_bytes < 1:
        flags.error("--value-bytes must be positive")
    if parsed.check and parsed.value_bytes != _VALUE_BYTES:
        flags.error(f"--check: the acceptance figures are those of {_VALUE_BYTES}-byte values")
    if not all(threads.isdigit() and int(threads) > 0 for threads in parsed.threads.split(",")):
        flags.error("--threads: numbers, separated by commas")
    return parsed


def chosen_workloads(names: str) -> List[summary.Workload]:
    known = {workload.key: workload for workload in summary.WORKLOADS}
    for name in names.split(","):
        if name not in known:
            raise BenchError(f"unknown workload {name}, known: {', '.join(known)}")
    return [known[name] for name in names.split(",")]


class Bench:
    """The running contenders and what is asked of them."""

    def __init__(self, flags: argparse.Namespace, load: Load, running: Dict[Kind, Contender]):
        self._flags = flags
        self._load = load
        self._running = running
        self._workloads = chosen_workloads(flags.workloads)
        self._started = time.monotonic()
        self.found = Found()

    def prefill(self) -> None:
        for contender in self._running.values():
            for server in contender.loaded_servers():
                self._load.prefill(server.port)

    def count_calls(self) -> None:
        tool = system_calls.counting_tool()
        self.found.calls_by = system_calls.tool_name(tool)
        if tool is None:
            return
        counter = system_calls.CallCounter(tool, self._load, self._flags.connections)
        for workload in self._workloads:
            for kind, contender in self._running.items():
                calls = counter.per_request(contender, workload.flags())
                self.found.calls[workload.key, kind] = calls
                self._tell(f"{workload.name}, {kind.name}: {calls:.2f} system calls/request")

    def measure_rounds(self) -> None:
        """All rounds; the order of the contenders turns by one from round to round."""
        order = list(self._running)
        for turn in range(self._flags.rounds):
            first = turn % len(order)
            for workload in self._workloads:
                for kind in order[first:] + order[:first]:
                    report = self._measure(kind, self._flags.seconds, workload.flags())
                    self.found.reports.setdefault((workload.key, kind), []).append(report)
                    own = report["servers"][0]
                    self._tell(f"round {turn + 1}/{self._flags.rounds}, {workload.name}, "
                               f"{kind.name}: {report['requests_per_second']:,.0f}/s, "
                               f"{own['cpu_us']:.2f} us, busy {100 * own['busy']:.0f} %")

    def measure_paced(self) -> None:
        """memcached and the pair in turn, at the same rate."""
        chosen = [kind for kind in self._running if kind.threads == 1 and
                  kind.server in (kinds.MEMCACHED, kinds.PAIR)]
        for turn in range(self._flags.paced_runs):
            for kind in chosen:
                report = self._measure(kind, min(self._flags.seconds, 2.0), paced.flags())
                self.found.paced.setdefault(kind, []).append(report)
                self._tell(f"paced {turn + 1}/{self._flags.paced_runs}, {kind.name}: p50 get "
                           f"{report['get']['p50_us']:.0f}, set {report['set']['p50_us']:.0f} us")

    def _measure(self, kind: Kind, seconds: float, flags: List[str]) -> Report:
        contender = self._running[kind]
        try:
            report = self._load.measure(contender.ports(), seconds, "--pid", contender.pids(),
                                        "--connections", str(self._flags.connections),
                                        "--warmup", str(_WARMUP_SECONDS), *flags)
        except BenchError as error:
            raise BenchError(f"{kind.name}, {' '.join(flags)}: {error}") from error
        return summary.as_one_server(report) if contender.are_equals else report

    def _tell(self, text: str) -> None:
        elapsed = time.monotonic() - self._started
        print(f"[{elapsed:4.0f} s] {text}", file=sys.stderr, flush=True)


def lines_of(found: Found, workloads: Sequence[summary.Workload]) -> List[summary.Line]:
    cores = os.cpu_count() or 1
    lines = []
    for workload in workloads:
        for (key, kind), reports in found.reports.items():
            if key == workload.key:
                line = summary.summarise(workload, kind, reports, cores)
                lines.append(replace(line, system_calls=found.calls.get((key, kind))))
    return lines


def report_text(head: Dict[str, Any], measured: acceptance.Measured, calls_by: str) -> str:
    parts = ["# Server CPU per request", "\n".join(contenders.head_lines(head)),
             summary.table(measured.lines, calls_by)]
    if measured.paced:
        parts.append(paced.table(measured.paced))
    found = summary.warnings(measured.lines)
    if found:
        parts.append("\n".join(f"- warning: {warning}" for warning in found))
    return "\n\n".join(parts) + "\n"


def write_json(path: str, head: Dict[str, Any], measured: acceptance.Measured,
               found: Found) -> None:
    rounds = [{"workload": key, "server": kind.name, "reports": reports}
              for (key, kind), reports in found.reports.items()]
    rounds += [{"workload": "paced", "server": kind.name, "reports": reports}
               for kind, reports in found.paced.items()]
    verdicts = [{**asdict(verdict), "state": verdict.state}
                for verdict in acceptance.verdicts(measured)]
    whole = {**head, "pollers": measured.pollers, "system_calls_by": found.calls_by,
             "lines": [{**asdict(line), "server": line.kind.name} for line in measured.lines],
             "paced": [asdict(line) for line in measured.paced], "verdicts": verdicts,
             "rounds": rounds}
    caller_path(path).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def run(flags: argparse.Namespace) -> int:
    workloads = chosen_workloads(flags.workloads)
    load_path = program(flags.load, "tests/bench/load", "--load")
    keys = max(1, min(_KEYS, _STORED_BYTES_MAX // flags.value_bytes))
    load = Load(load_path, keys, flags.value_bytes)
    programs = contenders.find_programs(flags.memcached, flags.binary, flags.floor)
    contenders.insist_on_optimized([load_path, programs.twincached, programs.floor], flags.check)
    pollers = contenders.pollers_of(programs.twincached, flags.pollers)
    wanted = kinds.Wanted(pollers, [int(threads) for threads in flags.threads.split(",")],
                          flags.pair, not flags.no_floor)
    with ExitStack() as stack:
        running = contenders.start_all(kinds.kinds(wanted), programs, stack)
        head = contenders.describe(
            list(running.values()), f"{flags.connections} connections, {flags.value_bytes}-byte "
            f"values, {keys} keys, {flags.rounds} alternating rounds of {flags.seconds:g} s")
        bench = Bench(flags, load, running)
        bench.prefill()
        if not flags.no_calls:
            bench.count_calls()
        bench.measure_rounds()
        if flags.pair:
            bench.measure_paced()
    found = bench.found
    measured = acceptance.Measured(
        lines_of(found, workloads),
        [paced.summarise(kind, reports) for kind, reports in found.paced.items()], pollers)
    text = report_text(head, measured, found.calls_by)
    verdicts = acceptance.verdicts(measured) if flags.check else []
    print(text)
    if flags.json:
        write_json(flags.json, head, measured, found)
    if flags.markdown:
        states = "".join(f"- {v.state}: {v.sentence()}\n" for v in verdicts)
        caller_path(flags.markdown).write_text(text + ("\n" + states if states else ""),
                                               encoding="utf-8")
    if flags.check:
        tell_states([(verdict.state, verdict.sentence()) for verdict in verdicts])
        return 0 if acceptance.passes(verdicts) else 1
    return 0


def main() -> int:
    return run_program("bench", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
