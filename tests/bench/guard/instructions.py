"""Counts the instructions of one operation and compares them with the committed figures.

    ./bazelw test -c opt //tests/bench/guard:instructions_test     fails over +5 %
    ./bazelw run -c opt //tests/bench/guard:instructions -- --update     writes the figures anew

A count is not a time: it says that the path became longer, not that the server became slower. But
it is the same on a busy machine, so it can fail a change. Exit codes: 0 held, 1 did not, or could
not run.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Optional

from tests.bench.guard import guard_cases, guard_judge
from tests.bench.outcome import run_program
from tests.bench.servers import BenchError, program

_FIGURES = "tests/bench/guard/figures.json"


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = argparse.ArgumentParser(prog="instructions",
                                    description=__doc__.split("\n", maxsplit=1)[0])
    flags.add_argument("--binary", help="the twincached to count (the one just built)")
    flags.add_argument("--only", help="cases whose names begin so")
    flags.add_argument("--repeat", type=int, default=1, help="count so often, show the spread (1)")
    flags.add_argument("--update", action="store_true", help=f"write {_FIGURES}")
    return flags.parse_args(arguments)


def count_all(bench: guard_cases.Workbench, only: str) -> Dict[str, Dict[str, float]]:
    costs: Dict[str, Dict[str, float]] = {}
    for case in guard_cases.CASES:
        if case.name.startswith(only):
            print(f"counting: {case.name}", file=sys.stderr, flush=True)
            costs.update(case.measure(bench))
    if not costs:
        raise BenchError(f"no case begins with {only!r}")
    return costs


def write_figures(figures: guard_judge.Figures) -> int:
    tree = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if tree is None:
        raise BenchError(f"--update is for `bazel run`: {guard_judge.UPDATE_COMMAND}")
    Path(tree, _FIGURES).write_text(guard_judge.figures_text(figures), encoding="utf-8")
    print(f"wrote {_FIGURES}")
    return 0


def run(flags: argparse.Namespace) -> int:
    binary = program(flags.binary, "twincached", "--binary").resolve()
    if "fastbuild" in str(binary):
        raise BenchError("this binary was built without -c opt; its instructions say nothing")
    # On one core nodes and client take turns, each until it waits, as the script means it.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    only = flags.only or ""
    rounds = []
    with tempfile.TemporaryDirectory(prefix="twincached-guard-") as folder:
        for _ in range(flags.repeat):
            costs = count_all(guard_cases.Workbench(binary, folder), only)
            rounds.append(guard_judge.totals(costs))
            print(f"  {rounds[-1]}", file=sys.stderr, flush=True)
    print("instructions by object file:", *guard_judge.breakdown(costs), sep="\n")
    if flags.repeat > 1:
        print("spread over all rounds:", *guard_judge.spreads(rounds), sep="\n")
    if flags.update:
        return write_figures(rounds[-1])
    tree = Path(__file__).absolute().parents[3]
    committed = json.loads(Path(tree, _FIGURES).read_text(encoding="utf-8"))
    holds, lines = guard_judge.judge(
        {name: figure for name, figure in committed.items() if name.startswith(only)}, rounds[-1])
    print(*lines, sep="\n")
    return 0 if holds else 1


def main() -> int:
    return run_program("instructions", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
