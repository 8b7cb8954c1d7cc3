"""The yardstick, the connections and the fairness run from end to end; the figures say nothing."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from tests.bench.yardstick import bench, connections, fairness

_SHORT = ["--rounds", "1", "--seconds", "0.2"]


class BenchRunTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.json, self.markdown = (str(Path(folder.name, name)) for name in ("json", "md"))
        self.files = ["--json", self.json, "--markdown", self.markdown]

    def run_program(self, program, *flags):
        """What it printed, and wrote as JSON. A failure shows what it said."""
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            code = program.run(program.parse_flags([*_SHORT, *self.files, *flags]))
        self.assertEqual(code, 0, errors.getvalue())
        self.assertEqual(Path(self.markdown).read_text(encoding="utf-8").strip(),
                         output.getvalue().strip())
        return output.getvalue(), json.loads(Path(self.json).read_text(encoding="utf-8"))

    def test_bench(self):
        output, found = self.run_program(bench, "--pair", "--workloads", "set-p16",
                                         "--paced-runs", "1")
        for name in ("memcached", "floor, epoll", "solo, epoll", "pair, ack=pair", "60,000/s"):
            self.assertIn(name, output)
        self.assertGreaterEqual(len(found["lines"]), 5)
        self.assertEqual({verdict["state"] for verdict in found["verdicts"]} -
                         {"met", "NOT MET", "no verdict"}, set())

    def test_bench_of_large_values(self):
        output, _ = self.run_program(bench, "--workloads", "mixed-p1", "--no-calls", "--no-floor",
                                     "--value-bytes", "100000", "--connections", "4")
        self.assertIn("4 connections, 100000-byte values, 2000 keys", output)

    def test_connections(self):
        output, found = self.run_program(connections, "--connections", "300", "--pollers", "epoll")
        self.assertIn("| memcached |", output)
        self.assertGreater(found["costs"][1]["bytes_each"][0], -1)

    def test_fairness(self):
        output, found = self.run_program(fairness, "--pollers", "epoll")
        self.assertIn("| 64 x 64, 10000 bytes | memcached |", output)
        self.assertEqual(len(found["rows"]) % 3, 0)


if __name__ == "__main__":
    unittest.main()
