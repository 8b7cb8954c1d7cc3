"""A node's command line, and its lines and end as its owner sees them."""

import os
import stat
import tempfile
import unittest
from pathlib import Path
from typing import List
from unittest import mock

from deploy.node.guard import Guard
from deploy.node.process import NodeProcess, NodeSpec

_PROGRAM = Path("/opt/twincached")


class CommandTest(unittest.TestCase):
    def test_names_ports_peer_and_loopback(self) -> None:
        with mock.patch("os.geteuid", return_value=1000):
            line = NodeSpec("a", _PROGRAM, 11211, 11212).command_line()
        self.assertEqual(line, "/opt/twincached -p 11211 -U 0 -l 127.0.0.1 -t 1 -m 64 -v "
                               "-x 127.0.0.1 -X 11212")

    def test_without_a_peer_has_no_x(self) -> None:
        self.assertNotIn("-x", NodeSpec("a", _PROGRAM, 1, 2, peer=None).command())

    def test_root_drops_to_nobody_unless_told_otherwise(self) -> None:
        with mock.patch("os.geteuid", return_value=0):
            self.assertIn("nobody", NodeSpec("a", _PROGRAM, 1, 2).command())
            own = NodeSpec("a", _PROGRAM, 1, 2, options=["-u", "cache"]).command()
        self.assertNotIn("nobody", own)


class ProcessTest(unittest.TestCase):
    def test_hands_on_lines_and_tells_how_it_ended(self) -> None:
        lines: List[str] = []
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "node")
            program.write_text("#!/bin/sh\necho out; echo err >&2; exit 3\n", encoding="ascii")
            os.chmod(program, stat.S_IRWXU)
            guard = Guard()
            node = NodeProcess(NodeSpec("a", program, 1, 2), guard,
                               lambda line, now: lines.append(line))
            self.assertTrue(node.wait(10.0))
            guard.close()
        self.assertEqual(sorted(lines), ["err", "out"])
        self.assertEqual(node.exit_text(), "exited with status 3")


if __name__ == "__main__":
    unittest.main()
