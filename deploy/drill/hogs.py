"""Busy loops that take the processor from everybody."""

import os
import subprocess
from typing import List

from deploy.node.guard import Guard, die_with_parent

_LOOPS_PER_CORE = 4
_BUSY = ["/bin/sh", "-c", "while :; do :; done"]


class Hogs:
    """Runs until close()."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._processes: List[subprocess.Popen] = []

    def on_every_core(self) -> None:
        for _ in range(_LOOPS_PER_CORE * len(os.sched_getaffinity(0))):
            self._start()

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def _start(self) -> None:
        # A session each: the kernel shares time among sessions first (sched_autogroup), and all
        # loops in one would take no more from a node than a single one does.
        process = subprocess.Popen(_BUSY, stdin=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=die_with_parent)
        self._guard.watch(process.pid)
        self._processes.append(process)
