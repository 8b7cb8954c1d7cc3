"""The drills against a pair that replicates nothing: they must see it, and leave no process."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Tuple
from unittest import mock

from deploy.drill import drill
from deploy.node import fake_node

_KILL = """
story = "a short kill-master"
steps = ["run 300ms", "kill master", "wait survivor MASTER 5s", "run 300ms"]
[load]
writers = 8
readers = 4
pace_ms = 1
[expect]
gap_ms = 5000
roles = { a = "dead", b = "MASTER" }
"""

# One node at a time serves, as long as nobody leaves node a: the fake keeps its promise.
_DESTROY = """
story = "nothing is left"
steps = ["run 300ms", "destroy both", "restart a", "wait a MASTER 5s", "run 300ms"]
[load]
writers = 1
readers = 1
pace_ms = 1
[expect]
roles = { a = "MASTER", b = "dead" }
"""

_RESTART = """
story = "a wrong expectation"
steps = ["run 100ms", "kill slave", "run 200ms", "restart killed", "wait-paired 5s"]
[load]
writers = 4
readers = 2
pace_ms = 1
[expect]
promotions = 3
roles = { a = "SLAVE", b = "MASTER" }
"""


class DrillTest(unittest.TestCase):
    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self._binary = fake_node.install(Path(self._folder.name))

    def _drill(self, text: str, *more: str) -> Tuple[int, dict]:
        """Histories that are kept are so in the test's own folder."""
        Path(self._folder.name, "short.toml").write_text(text)
        arguments = ["drill", "short", "--json", "--binary", str(self._binary), "--scenarios",
                     self._folder.name, *more]
        out, err = io.StringIO(), io.StringIO()
        with mock.patch("sys.argv", arguments), contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err), \
                mock.patch("tempfile.tempdir", self._folder.name):
            status = drill.main()
        return status, json.loads(out.getvalue())["drills"][0]["runs"][0]

    def test_unreplicated_writes_are_lost(self) -> None:
        status, run = self._drill(_KILL)
        self.assertEqual(status, 1)
        self.assertGreater(run["found"]["lost"], 0)
        self.assertTrue(any(failure.startswith("lost:") for failure in run["failures"]))
        kept = Path(run["details"][-1].split(": ")[-1])
        self.assertIn(" set ", kept.read_text(encoding="ascii"))

    def test_what_is_destroyed_may_be_missing(self) -> None:
        status, run = self._drill(_DESTROY)
        self.assertEqual((run["failures"], status), ([], 0))
        self.assertGreater(run["acknowledged"], 0)

    def test_keeps_the_history(self) -> None:
        history = Path(self._folder.name, "history")
        self._drill(_DESTROY, "--history", str(history))
        lines = history.read_text(encoding="ascii").splitlines()
        for word in ("wipe", " set ", " incr ", " add ", " gets ", " delete "):
            self.assertTrue(any(word in line for line in lines), word)

    def test_without_its_checker_no_drill_begins(self) -> None:
        arguments = ["drill", "kill-master", "--binary", str(self._binary), "--checker", "/nowhere"]
        err = io.StringIO()
        with mock.patch("sys.argv", arguments), contextlib.redirect_stderr(err):
            self.assertEqual(drill.main(), 1)
        self.assertIn("/nowhere is not an executable file (--checker)", err.getvalue())

    def test_measures_the_fault_and_the_roles(self) -> None:
        _, run = self._drill(_KILL)
        self.assertEqual(run["roles"], {"a": "dead", "b": "MASTER"})
        self.assertEqual(run["promotions"], 1)
        self.assertGreater(run["faults"][0]["detect_ms"], 0)
        self.assertGreater(run["faults"][0]["gap_ms"], 0)

    def test_wrong_roles_and_promotions_are_failures(self) -> None:
        status, run = self._drill(_RESTART)
        self.assertEqual(status, 1)
        failures = [failure.split()[0] for failure in run["failures"]]
        self.assertEqual([word for word in failures if word in ("promotions:", "final")],
                         ["promotions:", "final"])

    def test_keeps_the_nodes_lines(self) -> None:
        logs = Path(self._folder.name, "logs")
        self._drill(_KILL, "--keep-logs", str(logs))
        self.assertIn("replication: close", (logs / "short-1-b.log").read_text())

    def test_a_step_that_never_comes_about_is_told(self) -> None:
        status, run = self._drill(_KILL.replace("survivor MASTER 5s", "killed MASTER 100ms"))
        self.assertEqual(status, 1)
        self.assertIn("a is MASTER", run["failures"][0])


if __name__ == "__main__":
    unittest.main()
