"""The clients of a drill, in a process of their own so that nothing else delays them.

The drill talks to it over a pipe: a LoadPlan starts the load, HOME sends the workers back to their
first node, the wipes and forks end the load and bring back what was observed. The process dies with
the drill.
"""

import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import List, Union

from deploy.drill.flood import Flood
from deploy.drill.journal import Times
from deploy.drill.load import Load, LoadPlan, Observed
from deploy.drill.loop import READABLE, Loop
from deploy.drill.pipeline import Pipeline
from deploy.drill.reader import Reader
from deploy.drill.worker import Worker
from deploy.node.guard import die_with_parent

_HOME = "home"
_SWEEP_S = 0.01
# Open operations get so long to be answered after the end of the load.
_SETTLE_S = 1.5
# Every second worker waits so long for an answer, whatever the plan says.
_PATIENT_S = 30.0
_RESULT_LIMIT_S = 60.0


class WorkloadError(Exception):
    """The clients' process failed: a bug of the harness."""


class Workload:
    """The constructor forks: create it before anything is open that another process must not hold,
    such as a link that is to be reset. Then start() and stop(), once each."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end, os.getpid()))
        self._process.start()
        far_end.close()

    def start(self, plan: LoadPlan) -> None:
        self._pipe.send(plan)

    def send_home(self) -> None:
        self._pipe.send(_HOME)

    def stop(self, wipes: List[Times], forks: List[Times]) -> Observed:
        """wipes, forks: for the journal."""
        try:
            self._pipe.send((wipes, forks))
            if not self._pipe.poll(_RESULT_LIMIT_S):
                raise WorkloadError("the clients did not stop in time")
            observed = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkloadError("the clients' process ended early") from error
        self._process.join(_RESULT_LIMIT_S)
        return observed

    def abandon(self) -> None:
        """Kills the clients; for the way out after a failure."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection, parent: int) -> None:
    die_with_parent()
    if os.getppid() != parent:
        return
    _Conductor(pipe.recv(), pipe).run()


class _Conductor:
    def __init__(self, plan: LoadPlan, pipe: Connection) -> None:
        self._loop = Loop()
        self._load = Load(plan, self._loop)
        self._pipe = pipe
        self._clients: List[Union[Worker, Pipeline]] = []
        self._clients += [Worker(self._load, index, self._patience(index))
                          for index in range(plan.writers)]
        self._clients += [Reader(self._load, index) for index in range(plan.readers)]
        if plan.flood_per_s:
            self._clients.append(Flood(self._load))
        self._settle_limit = 0.0

    def run(self) -> None:
        self._loop.watch(self._pipe.fileno(), READABLE, self._on_order)
        for client in self._clients:
            client.start()
        self._sweep()
        self._loop.run()
        for client in self._clients:
            client.give_up()
        self._pipe.send(self._load.observed())

    def _patience(self, index: int) -> float:
        # Workers alternate between the nodes: so each node gets both kinds.
        return self._load.plan.patience_s if index // 2 % 2 == 0 else _PATIENT_S

    def _on_order(self, events: int) -> None:
        order = self._pipe.recv()
        if order == _HOME:
            for client in self._clients:
                client.go_home()
            return
        for wipe in order[0]:
            self._load.journal.wiped(wipe)
        for fork in order[1]:
            self._load.journal.forked(fork)
        self._load.stopping = True
        self._settle_limit = self._loop.now() + _SETTLE_S

    def _sweep(self) -> None:
        now = self._loop.now()
        for client in self._clients:
            client.check_limits(now)
        settled = not any(client.busy() for client in self._clients)
        if self._load.stopping and (settled or now > self._settle_limit):
            self._loop.stop()
        self._loop.call_after(_SWEEP_S, self._sweep)
