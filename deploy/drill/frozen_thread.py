"""Stops one thread of a node while its other threads go on, as no signal can.

It is what a debugger does. The thread goes on as well when the drill ends, however it ends.
"""

import ctypes
import os
import time
from pathlib import Path

_SEIZE = 0x4206
_INTERRUPT = 0x4207
_DETACH = 17
_WALL = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class FrozenThread:
    """Stopped by the constructor, which raises PermissionError if that is not allowed here. It is
    stopped while it sleeps, so it stands in the middle of nothing. Use it from one thread."""

    def __init__(self, thread: int) -> None:
        self._thread = thread
        _ptrace(_SEIZE, thread)
        _wait_until_asleep(thread)
        _ptrace(_INTERRUPT, thread)
        os.waitpid(thread, _WALL)

    def thaw(self) -> None:
        """No effect on a thread that is gone."""
        try:
            _ptrace(_DETACH, self._thread)
        except ProcessLookupError:
            return


def busiest_other_thread(pid: int) -> int:
    """The thread that has used most time, of all but the main one: with `-t 2`, core 1's."""
    threads = [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    return max((thread for thread in threads if thread != pid),
               key=lambda each: _nanoseconds(pid, each))


def _wait_until_asleep(thread: int) -> None:
    """No longer than a second: a thread that never sleeps is stopped anywhere."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        stat = Path(f"/proc/{thread}/stat").read_text(encoding="ascii")
        if stat.rpartition(")")[2].split()[0] == "S":
            return


def _nanoseconds(pid: int, thread: int) -> int:
    """On the processor so far; the ticks of `stat` are too coarse for a node that just began."""
    schedstat = Path(f"/proc/{pid}/task/{thread}/schedstat").read_text(encoding="ascii")
    return int(schedstat.split()[0])


def _ptrace(request: int, thread: int) -> None:
    if _LIBC.ptrace(request, thread, None, None) != 0:
        failure = ctypes.get_errno()
        raise OSError(failure, os.strerror(failure))
