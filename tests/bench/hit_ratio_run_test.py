"""The hit ratio comparison with the real servers, on a trace of a second."""

import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path

from tests.bench import hit_ratio


def measure(*flags: str):
    """The exit status, what was printed, and the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "result.json")
        parsed = hit_ratio.parse_flags(["--json", str(path), *flags])
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = hit_ratio.run(parsed)
        return status, output.getvalue(), json.loads(path.read_text("utf-8"))


class HitRatioRunTest(unittest.TestCase):

    def test_a_small_trace_is_played_on_both(self):
        status, output, found = measure("--traces", "zipf-1.2", "--keys", "1000", "--requests",
                                        "20000", "--sizes", "50")
        self.assertEqual(status, 0)
        servers = found["played"][0]["servers"]
        self.assertEqual(set(servers), {"memcached", "twincached"})
        for name, server in servers.items():
            # Everything fits into the least memory: only first requests miss.
            self.assertGreater(server["hit_ratio"], 0.95, name)
            self.assertEqual(server["items"], server["stored"], name)
            self.assertEqual((server["refused"], server["evictions"]), (0, 0), name)
        self.assertEqual(servers["memcached"]["hits"], servers["twincached"]["hits"])
        self.assertIn("| zipf-1.2 | 8 |", output)

    def test_check_fails_when_a_figure_is_not_met(self):
        status, output, _ = measure("--traces", "zipf-1.2", "--keys", "100", "--requests", "1000",
                                    "--sizes", "50", "--check")
        self.assertEqual(status, 1)
        self.assertIn("NOT MET: twincached is at least 2 points better", output)

    def test_nothing_is_left_behind(self):
        _, _, found = measure("--traces", "zipf-1.2", "--keys", "100", "--requests", "1000",
                              "--sizes", "50")
        ports = [server["target"].rsplit(":", 1)[1]
                 for server in found["played"][0]["servers"].values()]
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                words = Path(entry, "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                self.assertFalse(any(words[i:i + 2] == ["-p", port] for port in ports
                                     for i in range(len(words))), words)


if __name__ == "__main__":
    unittest.main()
