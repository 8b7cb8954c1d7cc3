"""drill: scripted failover drills of a pair of real twincached processes on the loopback address.

    ./bazelw run //:drill -- list
    ./bazelw run //:drill -- kill-master --repeat 500
    ./bazelw run //:drill -- all --json > drills.json

The exit status is 0 if every expectation was met, 1 if not. A drill that cannot be done here is
skipped and says why.
"""

import argparse
import signal
import sys
from pathlib import Path
from typing import Dict, List

from deploy.drill import report, scenario
from deploy.drill.driver import Drill, Settings
from deploy.drill.findings import CHECK_HISTORY
from deploy.drill.outcome import Outcome, examine
from deploy.drill.steps import do_steps
from deploy.drill.verdict import judge, judge_series
from deploy.drill.workload import WorkloadError
from deploy.node.binary import NodeError, caller_path, find_binary
from deploy.node.guard import Guard


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="drill", allow_abbrev=False,
                                     description="Breaks a pair on purpose and counts the damage.")
    parser.add_argument("name", nargs="+",
                        help="drills to do, or `all` (but the long ones), or `list`")
    parser.add_argument("--repeat", type=int, default=1, metavar="N")
    parser.add_argument("--json", action="store_true", help="results as JSON on standard output")
    parser.add_argument("--connections", type=int, metavar="N",
                        help="writing connections (default: the drill's own)")
    parser.add_argument("--verbose", action="store_true", help="say each step, show all details")
    parser.add_argument("--keep-logs", metavar="DIR", help="write the nodes' lines there")
    parser.add_argument("--history", metavar="FILE",
                        help="keep what the clients did there, of the last run")
    parser.add_argument("--node-option", action="append", default=[], metavar="OPTION")
    parser.add_argument("--binary", help="the twincached to start")
    parser.add_argument("--checker", help="the check_history to judge with")
    parser.add_argument("--scenarios", metavar="DIR", help="other drills than the built-in ones")
    return parser


# Of so many runs of a drill only the failed ones get a row of the table, and there is a line on how
# they stand every so many.
_LONG_SERIES = 25
_PROGRESS_EVERY = 10


class DrillRunner:
    """Does the wanted drills in turn and prints as it goes."""

    def __init__(self, options: argparse.Namespace, guard: Guard) -> None:
        self._options = options
        self._folder = caller_path(options.scenarios) if options.scenarios else scenario.FOLDER
        self._guard = guard
        self._binary = find_binary(options.binary)
        self._checker = find_binary(options.checker, CHECK_HISTORY)
        self._results: report.Results = {}
        # The table goes out of the way of the JSON.
        self._out = sys.stderr if options.json else sys.stdout

    def run(self) -> int:
        scenarios = [scenario.load(name, self._folder) for name in self._wanted()]
        self._say(report.header())
        for run in range(self._options.repeat):
            for plan in scenarios:
                self._results.setdefault(plan.name, []).append(self._run_one(plan, run))
            if self._long_series() and (run + 1) % _PROGRESS_EVERY == 0:
                for name, outcomes in self._results.items():
                    self._say(report.progress(name, outcomes, self._options.repeat))
        series = {plan.name: judge_series(plan.expect, self._results[plan.name])
                  for plan in scenarios}
        self._say("\n" + report.explanation())
        if self._options.repeat > 1:
            self._say("\n" + report.summary(self._results, series))
        if self._options.json:
            print(report.as_json(self._results, series))
        return 0 if report.all_passed(self._results, series) else 1

    def _wanted(self) -> List[str]:
        if self._options.name == ["all"]:
            names = scenario.names(self._folder)
            return [name for name in names if not scenario.load(name, self._folder).long]
        return list(dict.fromkeys(self._options.name))

    def _run_one(self, plan: scenario.Scenario, run: int) -> Outcome:
        outcome = Outcome(plan.name)
        drill = Drill(plan, self._settings(run), self._note)
        try:
            drill.run(do_steps, lambda done: examine(done, self._checker, outcome))
        except WorkloadError as error:
            outcome.failures.append(f"the clients failed: {error}")
        outcome.skipped = drill.skipped
        outcome.failures += drill.failures
        if drill.observed is not None:
            outcome.failures += judge(plan.expect, outcome)
        if outcome.failures or not self._long_series():
            self._say(report.row(outcome))
        if outcome.failures or self._options.verbose:
            self._say(report.about_failures(outcome, _logs(drill)))
        return outcome

    def _long_series(self) -> bool:
        return self._options.repeat >= _LONG_SERIES

    def _settings(self, run: int) -> Settings:
        options = self._options
        return Settings(self._binary, self._guard, options.connections, options.node_option,
                        caller_path(options.keep_logs) if options.keep_logs else None,
                        caller_path(options.history) if options.history else None, f"-{run + 1}")

    def _note(self, text: str) -> None:
        if self._options.verbose:
            self._say("  " + text)

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _logs(drill: Drill) -> Dict[str, List[str]]:
    return {name: [f"{when - drill.began:8.3f} {line}" for when, line in seat.lines]
            for name, seat in drill.seats.items()}


def _list(folder: Path) -> int:
    for name in scenario.names(folder):
        plan = scenario.load(name, folder)
        print(f"{name:28} {plan.story}{' (long: not in `all`)' if plan.long else ''}")
    return 0


def main() -> int:
    options = _parser().parse_args()
    if options.name == ["list"]:
        return _list(caller_path(options.scenarios) if options.scenarios else scenario.FOLDER)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    guard = Guard()
    try:
        return DrillRunner(options, guard).run()
    except (NodeError, scenario.ScenarioError) as error:
        print(f"drill: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("drill: stopped", file=sys.stderr)
        return 130
    finally:
        guard.close()


if __name__ == "__main__":
    sys.exit(main())
