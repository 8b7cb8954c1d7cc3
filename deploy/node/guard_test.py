"""The guard ends what it watches when its owner is gone, and only then."""

import os
import select
import signal
import subprocess
import unittest

from deploy.node.guard import Guard

_LIMIT_S = 10.0


def _ended(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])


def _owner(report: int) -> None:
    """Starts a sleeper under a guard, reports its pid, and waits to be killed."""
    guard = Guard()
    sleeper = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
    guard.watch(sleeper.pid)
    os.write(report, b"%d\n" % sleeper.pid)
    signal.pause()


class GuardTest(unittest.TestCase):
    def test_kills_the_watched_when_the_owner_is_killed(self) -> None:
        read_end, write_end = os.pipe()
        owner = os.fork()
        if owner == 0:
            os.close(read_end)
            _owner(write_end)
            os._exit(1)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as report:
            sleeper = os.pidfd_open(int(report.readline()))
        self.assertFalse(_ended(sleeper, 0))
        os.kill(owner, signal.SIGKILL)
        os.waitpid(owner, 0)
        self.assertTrue(_ended(sleeper, _LIMIT_S))
        os.close(sleeper)

    def test_close_kills_a_stopped_process(self) -> None:
        guard = Guard()
        sleeper = subprocess.Popen(["/bin/sleep", "600"])
        guard.watch(sleeper.pid)
        sleeper.send_signal(signal.SIGSTOP)
        guard.close()
        self.assertEqual(sleeper.wait(_LIMIT_S), -signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
