"""Ends the nodes when the program that started them is gone, however it went.

A node started by root drops to another user, and the kernel then forgets a parent-death signal. So
a small process of its own session waits on a pipe: the pipe ends when the program ends, kill -9
included, and whatever it was told to watch and still lives is killed. Processes are held by pidfd:
a pid that was used again is never hit.
"""

import ctypes
import os
import signal
from typing import Dict

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Runs in a child: SIGKILL for it when its parent dies (until it changes its user)."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Guard:
    """Create it before any thread is started: it forks."""

    def __init__(self) -> None:
        read_end, self._write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._write_end)
                _guard(read_end)
            finally:
                os._exit(0)
        os.close(read_end)

    def watch(self, pid: int) -> None:
        """REQUIRES: pid is a child that was not waited for."""
        os.write(self._write_end, b"%d\n" % pid)

    def close(self) -> None:
        """Kills what is still alive of the watched ones."""
        os.close(self._write_end)
        os.waitpid(self._pid, 0)


def _guard(pipe: int) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    held: Dict[int, int] = {}
    with os.fdopen(pipe, "rb", buffering=0) as lines:
        for line in lines:
            _forget_dead(held)
            _hold(held, int(line))
    for pidfd in held.values():
        _send(pidfd, signal.SIGKILL)


def _hold(held: Dict[int, int], pid: int) -> None:
    try:
        held[pid] = os.pidfd_open(pid)
    except ProcessLookupError:
        return


def _forget_dead(held: Dict[int, int]) -> None:
    for pid in [pid for pid, pidfd in held.items() if not _send(pidfd, 0)]:
        os.close(held.pop(pid))


def _send(pidfd: int, number: int) -> bool:
    """Returns False if the process is gone."""
    try:
        signal.pidfd_send_signal(pidfd, number)
        return True
    except ProcessLookupError:
        return False
