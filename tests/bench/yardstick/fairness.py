"""How a client with one request at a time fares beside one that pipelines deeply.

    ./bazelw run -c opt //tests/bench:fairness

The deep one has 64 connections that each send 64 requests together, with small and with large
values; the single one's latency, its requests per second and its share of all of them are shown,
beside memcached's. There is no limit: the figures are to be read. Exit codes: 0 measured, 1 could
not run.
"""

import argparse
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import List, Optional, Sequence

from tests.bench.load_program import Load, Report, read_report
from tests.bench.outcome import run_program
from tests.bench.servers import Contender, caller_path, program
from tests.bench.yardstick import contenders
from tests.bench.yardstick.flags import parser
from tests.bench.yardstick.kinds import MEMCACHED, SOLO, Kind
from tests.bench.yardstick.summary import markdown

_KEYS = 10000
_SMALL_BYTES, _LARGE_BYTES = 100, 10000
_CONNECTIONS, _PIPELINE = 64, 64
_HEAD_START_SECONDS = 0.7
# Other keys than the single client's, whose values have another size.
_DEEP_KEY_BYTES = "24"


@dataclass(frozen=True)
class Row:
    """Medians over the rounds; `deep` is the size of the deep client's values, 0 without one."""

    server: str
    deep: int
    p50_us: float
    p99_us: float
    single_per_second: float
    deep_per_second: float

    @property
    def share(self) -> float:
        return self.single_per_second / (self.single_per_second + self.deep_per_second)


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    return parser("fairness", __doc__, rounds=3, seconds=2).parse_args(arguments)


class Clients:
    """The single client, and a deep one for each size of values."""

    def __init__(self, load_path: Optional[str], seconds: float) -> None:
        path = program(load_path, "tests/bench/load", "--load")
        self._seconds = seconds
        self._single = Load(path, _KEYS, _SMALL_BYTES)
        self._deep = {size: Load(path, _KEYS, size) for size in (_SMALL_BYTES, _LARGE_BYTES)}

    def measure(self, port: int, deep: int) -> "tuple[Report, Optional[Report]]":
        """The single client's report, and the deep one's."""
        flags = ["--connections", "1", "--pipeline", "1", "--get-ratio", "0.9", "--prefill"]
        if not deep:
            return self._single.measure(port, self._seconds, *flags), None
        running = self._deep[deep].start(
            port, self._seconds + 60, "--connections", str(_CONNECTIONS), "--pipeline",
            str(_PIPELINE), "--get-ratio", "0.9", "--key-size", _DEEP_KEY_BYTES, "--prefill")
        try:
            time.sleep(_HEAD_START_SECONDS)
            single = self._single.measure(port, self._seconds, *flags)
            running.terminate()
            output, errors = running.communicate(timeout=30)
        finally:
            running.kill()
            running.wait()
        return single, read_report(running.returncode, output, errors)


def summarise(server: str, deep: int, reports: Sequence["tuple[Report, Optional[Report]]"]) -> Row:
    singles = [single for single, _ in reports]
    deeps = [report["requests_per_second"] for _, report in reports if report is not None]
    return Row(server, deep, median(single["all"]["p50_us"] for single in singles),
               median(single["all"]["p99_us"] for single in singles),
               median(single["requests_per_second"] for single in singles),
               median(deeps) if deeps else 0.0)


def table(rows: Sequence[Row]) -> str:
    text = [["deep client", "server", "single client's p50 us", "p99 us", "its requests/s",
             "deep client's requests/s", "single client's share"], ["---"] * 2 + ["---:"] * 5]
    for row in rows:
        deep = f"64 x 64, {row.deep} bytes" if row.deep else "none"
        text.append([deep, row.server, f"{row.p50_us:.0f}", f"{row.p99_us:.0f}",
                     f"{row.single_per_second:,.0f}", f"{row.deep_per_second:,.0f}",
                     f"{100 * row.share:.2f} %"])
    return markdown(text)


def measure(flags: argparse.Namespace, running: "dict[Kind, Contender]") -> List[Row]:
    clients = Clients(flags.load, flags.seconds)
    rows = []
    for deep in (0, _SMALL_BYTES, _LARGE_BYTES):
        reports: dict = {}
        for turn in range(flags.rounds):
            for kind, contender in running.items():
                reports.setdefault(kind, []).append(clients.measure(contender.loaded.port, deep))
                single = reports[kind][-1][0]
                print(f"round {turn + 1}/{flags.rounds}, deep {deep}, {kind.name}: p50 "
                      f"{single['all']['p50_us']:.0f} us", file=sys.stderr, flush=True)
        rows += [summarise(kind.name, deep, found) for kind, found in reports.items()]
    return rows


def run(flags: argparse.Namespace) -> int:
    programs = contenders.find_programs(flags.memcached, flags.binary, None)
    pollers = contenders.pollers_of(programs.twincached, flags.pollers)
    with ExitStack() as stack:
        wanted = [Kind(MEMCACHED)] + [Kind(SOLO, poller) for poller in pollers]
        running = contenders.start_all(wanted, programs, stack)
        head = contenders.describe(list(running.values()),
                                   f"{flags.rounds} alternating rounds of {flags.seconds:g} s")
        rows = measure(flags, running)
    text = "\n\n".join(["# Fairness", "\n".join(contenders.head_lines(head)), table(rows)]) + "\n"
    print(text)
    if flags.markdown:
        caller_path(flags.markdown).write_text(text, encoding="utf-8")
    if flags.json:
        whole = {**head, "rows": [asdict(row) for row in rows]}
        caller_path(flags.json).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return 0


def main() -> int:
    return run_program("fairness", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
