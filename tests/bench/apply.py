"""Compares how fast a master produces mutations with how fast its slave applies them.

    ./bazelw run -c opt //tests/bench:apply -- --check

A pair of nodes with one thread each, in two ways. *Together*: --ack=pair under saturation, the CPU
time per mutation of both nodes. *Behind*: --ack=local; the slave is stopped while the master takes
mutations, which its log keeps; then the slave goes on, and nobody sends until it has applied them.
The master's CPU time counts from the first mutation until the slave has everything, the slave's
from when it goes on. Each figure is the best of the rounds, for both nodes. --check fails when a
slave applies less than 1.5 times what its master produces in the same CPU time. Exit codes: 0
measured (and met, with --check), 1 not met or could not run.
"""

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from tests.bench import machine
from tests.bench.apply_load import WORKLOADS, MutationLoad, Workload
from tests.bench.outcome import run_program, tell_verdicts
from tests.bench.servers import (LOOPBACK, BenchError, Contender, Server, caller_path, free_port,
                                 launch, program, stats)

RATIO_MIN = 1.5
# Nobody changes roles while a slave is stopped.
_PATIENT = ("--promote-after-ms=60000", "--suspect-after-ms=18000", "--ack-timeout-ms=60000")
# What the log takes without stopping clients (kWindowBytesMax is 32 MiB).
_BACKLOG_BYTES = 20 << 20
_BACKLOG_MUTATIONS = 200000
_CATCH_UP_SECONDS = 20.0
_POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Cost:
    """CPU seconds of both nodes for some mutations, and the time that the slave took."""

    mutations: int
    master_seconds: float
    slave_seconds: float
    slave_elapsed: float = 0.0

    def master_us(self) -> float:
        return 1e6 * self.master_seconds / self.mutations

    def slave_us(self) -> float:
        return 1e6 * self.slave_seconds / self.mutations


def parse_flags(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    flags = argparse.ArgumentParser(prog="apply", description=__doc__.split("\n", maxsplit=1)[0])
    flags.add_argument("--rounds", type=int, default=5, help="of each workload, each way (5)")
    flags.add_argument("--seconds", type=float, default=1.0, help="of a round together (1)")
    flags.add_argument("--only", default="", help="workloads whose names begin so")
    flags.add_argument("--binary", help="the twincached to measure (the one just built)")
    flags.add_argument("--json", metavar="FILE", help="write everything that was measured")
    flags.add_argument("--check", action="store_true", help=f"exit 1 below {RATIO_MIN}x")
    return flags.parse_args(arguments)


def cpu_seconds(pid: int) -> float:
    """Of all threads, exact to the nanosecond when they are not running, else to a few ms."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text("ascii").split()[0])
    return total / 1e9


def position(server: Server) -> int:
    return int(stats(server.port, "replication")["position"])


def wait_until_equal(pair: Contender) -> None:
    """Until the slave has applied what the master has; nobody sends meanwhile."""
    goal = position(pair.servers[0])
    limit = time.monotonic() + _CATCH_UP_SECONDS
    while position(pair.servers[1]) < goal:
        if time.monotonic() > limit:
            raise BenchError("the slave did not catch up")
        time.sleep(_POLL_SECONDS)


def round_together(pair: Contender, load: MutationLoad, seconds: float) -> Cost:
    before = [cpu_seconds(server.pid) for server in pair.servers]
    mutations = load.run(seconds=seconds)
    wait_until_equal(pair)
    master, slave = (cpu_seconds(server.pid) - begin
                     for server, begin in zip(pair.servers, before))
    return Cost(mutations, master, slave)


def round_behind(pair: Contender, load: MutationLoad, mutations: int) -> Cost:
    master, slave = pair.servers
    before = [cpu_seconds(server.pid) for server in pair.servers]
    os.kill(slave.pid, signal.SIGSTOP)
    try:
        mutations = load.run(mutations=mutations)
    finally:
        started = time.monotonic()  # before: the slave may get the core that this program has
        os.kill(slave.pid, signal.SIGCONT)
    wait_until_equal(pair)
    elapsed = time.monotonic() - started
    return Cost(mutations, cpu_seconds(master.pid) - before[0],
                cpu_seconds(slave.pid) - before[1], elapsed)


def start_patient_pair(binary: Path, ack: str) -> Contender:
    """The master has no -x, or it would wait as patiently for a peer before it serves."""
    options = ["-X", str(free_port()), f"--ack={ack}", *_PATIENT]
    pair = Contender("pair", [launch("master", binary, options)])
    try:
        pair.loaded.wait_until_it_answers()
        pair.servers.append(launch("slave", binary, ["-x", LOOPBACK, *options]))
        pair.loaded.wait_for_state("MASTER")
        pair.servers[1].wait_for_state("SLAVE")
    except BaseException:
        pair.stop()
        raise
    return pair


def measure(binary: Path, workload: Workload, behind: bool,
            flags: argparse.Namespace) -> List[Cost]:
    pair = start_patient_pair(binary, "local" if behind else "pair")
    try:
        load = MutationLoad(pair.loaded.port, workload)
        try:
            load.fill()
            load.run(seconds=flags.seconds / 2)
            wait_until_equal(pair)
            mutations = min(_BACKLOG_MUTATIONS, _BACKLOG_BYTES // workload.record_bytes)
            return [round_behind(pair, load, mutations) if behind
                    else round_together(pair, load, flags.seconds) for _ in range(flags.rounds)]
        finally:
            load.close()
    finally:
        pair.stop()


def best(costs: List[Cost]) -> Tuple[float, float, float]:
    """CPU us per mutation of the master and of the slave, and how much faster the slave is."""
    master = min(cost.master_us() for cost in costs)
    slave = min(cost.slave_us() for cost in costs)
    return master, slave, master / slave


def row(workload: str, way: str, costs: List[Cost]) -> str:
    master, slave, ratio = best(costs)
    elapsed = [cost.mutations / cost.slave_elapsed for cost in costs if cost.slave_elapsed > 0]
    drained = f"{max(elapsed):,.0f}" if elapsed else ""
    return (f"| {workload} | {way} | {master:.2f} | {slave:.2f} | {1e6 / master:,.0f} | "
            f"{1e6 / slave:,.0f} | {drained} | {ratio:.2f}x |")


def verdict(workload: str, way: str, costs: List[Cost]) -> Tuple[bool, str]:
    ratio = best(costs)[2]
    return (ratio >= RATIO_MIN,
            f"{workload}, {way}: the slave applies {ratio:.2f} times what its master produces, "
            f"limit >= {RATIO_MIN}")


def run(flags: argparse.Namespace) -> int:
    binary = program(flags.binary, "twincached", "--binary")
    workloads = [workload for workload in WORKLOADS if workload.name.startswith(flags.only)]
    if not workloads:
        raise BenchError(f"no workload begins with {flags.only!r}")
    described = machine.describe()
    print("# Producing and applying mutations\n")
    for name, value in described.items():
        print(f"- {name}: {value}")
    print("\n| workload | slave | master CPU us | slave CPU us | produced/CPU s | applied/CPU s | "
          "backlog applied/s | slave : master |\n"
          "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    runs: Dict[str, Any] = {}
    verdicts = []
    for workload in workloads:
        for way in ("together", "behind"):
            costs = measure(binary, workload, way == "behind", flags)
            runs[f"{workload.name}, {way}"] = [cost.__dict__ for cost in costs]
            verdicts.append(verdict(workload.name, way, costs))
            print(row(workload.name, way, costs), flush=True)
    if flags.json:
        whole = {"machine": described, "binary": str(binary), "runs": runs}
        caller_path(flags.json).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    status = tell_verdicts(verdicts)
    return status if flags.check else 0


def main() -> int:
    return run_program("apply", lambda: run(parse_flags()))


if __name__ == "__main__":
    sys.exit(main())
