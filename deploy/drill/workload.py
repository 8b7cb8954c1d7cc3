"""The clients of a drill, in a process of their own so that nothing else delays them.

The drill talks to it over a pipe: HOME sends the writers back to their first node, STOP ends the
load and brings back what was observed. The process dies with the drill.
"""

import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import List

from deploy.drill.load import Load, LoadPlan, Observed
from deploy.drill.loop import READABLE, Loop
from deploy.drill.reader import Reader
from deploy.drill.writer import Writer
from deploy.node.guard import die_with_parent

_HOME = "home"
_STOP = "stop"
_SWEEP_S = 0.01
# Open writes get so long to be answered after the end of the load.
_SETTLE_S = 1.5
# Every second writer waits so long for an answer, whatever the plan says.
_PATIENT_S = 30.0
_RESULT_LIMIT_S = 60.0


class WorkloadError(Exception):
    """The clients' process failed: a bug of the harness."""


class Workload:
    """Started by the constructor; stop() once."""

    def __init__(self, plan: LoadPlan) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(plan, far_end, os.getpid()))
        self._process.start()
        far_end.close()

    def send_home(self) -> None:
        self._pipe.send(_HOME)

    def stop(self) -> Observed:
        try:
            self._pipe.send(_STOP)
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


def _serve(plan: LoadPlan, pipe: Connection, parent: int) -> None:
    die_with_parent()
    if os.getppid() != parent:
        return
    _Conductor(plan, pipe).run()


class _Conductor:
    def __init__(self, plan: LoadPlan, pipe: Connection) -> None:
        self._loop = Loop()
        self._load = Load(plan, self._loop)
        self._pipe = pipe
        self._writers = [Writer(self._load, index, self._patience(index))
                         for index in range(plan.writers)]
        self._readers = [Reader(self._load, index) for index in range(plan.readers)]
        self._settle_limit = 0.0

    def run(self) -> None:
        self._loop.watch(self._pipe.fileno(), READABLE, self._on_order)
        clients: List = self._writers + self._readers
        for client in clients:
            client.start()
        self._sweep()
        self._loop.run()
        for client in clients:
            client.give_up()
        self._pipe.send(self._load.observed())

    def _patience(self, index: int) -> float:
        # Writers alternate between the nodes: so each node gets both kinds.
        return self._load.plan.patience_s if index // 2 % 2 == 0 else _PATIENT_S

    def _on_order(self, events: int) -> None:
        if self._pipe.recv() == _HOME:
            for writer in self._writers:
                writer.go_home()
            return
        self._load.stopping = True
        self._settle_limit = self._loop.now() + _SETTLE_S

    def _sweep(self) -> None:
        now = self._loop.now()
        for client in self._writers + self._readers:
            client.check_limits(now)
        settled = not any(writer.busy() for writer in self._writers)
        if self._load.stopping and (settled or now > self._settle_limit):
            self._loop.stop()
        self._loop.call_after(_SWEEP_S, self._sweep)
