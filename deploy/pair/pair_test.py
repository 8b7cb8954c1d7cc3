"""The pair runner as a person meets it, with fake nodes."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import List

from deploy.node import fake_node
from deploy.node.ports import LOOPBACK, free_ports
from deploy.node.probe import answers
from deploy.pair.pair import split_node_options

_LIMIT_S = 20.0
_TREE = Path(__file__).absolute().parents[2]


class PairTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self._binary = fake_node.install(Path(folder.name))
        self._ports = free_ports(3)

    def _start(self) -> subprocess.Popen:
        a, b, replication = self._ports
        runner = subprocess.Popen(
            [sys.executable, "-m", "deploy.pair.pair", "--binary", str(self._binary),
             "--port-a", str(a), "--port-b", str(b), "--replication-port", str(replication)],
            cwd=_TREE, env=dict(os.environ, PYTHONPATH=str(_TREE)), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(runner.stdout.close)
        self.addCleanup(runner.wait)
        self.addCleanup(runner.kill)
        return runner

    def _read_until(self, runner: subprocess.Popen, text: str) -> List[str]:
        lines = []
        for line in runner.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        self.fail(f"never said {text}: {lines}")

    def _assert_stopped(self) -> None:
        self.assertFalse(any(answers(port) for port in self._ports[:2]))

    def test_tells_how_to_try_it_and_stops_both_on_sigint(self) -> None:
        runner = self._start()
        told = "\n".join(self._read_until(runner, "Ctrl-C stops both"))
        for port in self._ports[:2]:
            self.assertIn(f"telnet {LOOPBACK} {port}", told)
        self.assertNotIn("\033", told)
        runner.send_signal(signal.SIGINT)
        self.assertEqual(runner.wait(_LIMIT_S), 0)
        self._assert_stopped()

    def test_a_dead_node_is_told_with_the_line_to_start_it_again(self) -> None:
        runner = self._start()
        told = self._read_until(runner, "Ctrl-C stops both")
        pids = dict(word.split("=") for word in told[0].split() if "=" in word)
        os.kill(int(pids["a"]), signal.SIGKILL)
        told = self._read_until(runner, f"-p {self._ports[0]} ")
        self.assertIn(f"node b goes on serving on port {self._ports[1]}", "\n".join(told))
        self.assertTrue(answers(self._ports[1]))
        runner.send_signal(signal.SIGTERM)
        self.assertEqual(runner.wait(_LIMIT_S), 0)

    def test_killing_the_runner_ends_both(self) -> None:
        runner = self._start()
        told = self._read_until(runner, "Ctrl-C stops both")
        pids = dict(word.split("=") for word in told[0].split() if "=" in word)
        nodes = [os.pidfd_open(int(pids[name])) for name in "ab"]
        runner.kill()
        for pidfd in nodes:
            with os.fdopen(pidfd) as end:
                self.assertTrue(_ended(end.fileno()))

    def test_an_occupied_port_is_named_with_its_flag(self) -> None:
        with socket.create_server((LOOPBACK, self._ports[2])):
            runner = self._start()
            told = self._read_until(runner, "in use")
            self.assertEqual(runner.wait(_LIMIT_S), 1)
        self.assertIn(f"port {self._ports[2]} ", told[-1])
        self.assertIn("--replication-port", told[-1])


class NodeOptionsTest(unittest.TestCase):
    def test_what_stands_behind_two_dashes_goes_to_the_nodes(self) -> None:
        self.assertEqual(split_node_options(["--port-a", "1", "--", "-vv", "--", "x"]),
                         (["--port-a", "1"], ["-vv", "--", "x"]))
        self.assertEqual(split_node_options(["--port-a", "1"]), (["--port-a", "1"], []))


def _ended(pidfd: int) -> bool:
    return bool(select.select([pidfd], [], [], _LIMIT_S)[0])


if __name__ == "__main__":
    unittest.main()
