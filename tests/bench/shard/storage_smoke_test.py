"""Runs every workload of `storage` at a tiny size, so that none of them rots."""

import json
import subprocess
import unittest

PROGRAM = "tests/bench/shard/storage"
SIZES = ["--items=2000", "--operations=4000", "--memory-mib=2", "--value-size=400"]
WORKLOADS = ["fill", "growth", "mixed", "overwrite", "expiry", "flush", "limit", "large"]


def run(*flags):
    return subprocess.run([PROGRAM, *flags], capture_output=True, text=True, check=False)


class StorageTest(unittest.TestCase):

    def test_every_workload_measures_something(self):
        result = run("--json", *SIZES)
        self.assertEqual(result.returncode, 0, result.stderr)
        phases = json.loads(result.stdout)["phases"]
        self.assertEqual({phase["workload"].split()[0] for phase in phases}, set(WORKLOADS))
        for phase in phases:
            self.assertGreater(len(phase["calls"]), 0, phase)
            self.assertGreater(phase["items"], 0, phase)

    def test_values_of_all_sizes(self):
        sizes = ["--items=200", "--operations=400", "--memory-mib=8"]
        result = run("overwrite", "large", "--json", *sizes)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(json.loads(result.stdout)["phases"]), 3)

    def test_a_fill_keeps_everything(self):
        report = json.loads(run("fill", "--json", "--items=2000").stdout)
        self.assertEqual([phase["items"] for phase in report["phases"]], [2000] * 3)

    def test_every_round_makes_the_same_calls(self):
        sizes = ["growth", "mixed", "--json", *SIZES]
        once, again = (json.loads(run(*sizes).stdout)["phases"] for _ in range(2))
        counted = ("items", "evictions", "memory_bytes", "stream_ms")
        self.assertEqual([[phase[key] for key in counted] for phase in once],
                         [[phase[key] for key in counted] for phase in again])

    def test_a_storm_of_expiries_ends_with_the_items_that_do_not_expire(self):
        report = json.loads(run("expiry", "--json", "--items=2000", "--value-size=60").stdout)
        self.assertEqual([phase["items"] for phase in report["phases"]], [2000] * 3)

    def test_the_check_fails_where_an_operation_takes_longer(self):
        sizes = ["fill", "--items=20000", "--value-size=400"]
        self.assertEqual(run(*sizes, "--check", "--limit-us=60000000").returncode, 0)
        self.assertEqual(run(*sizes, "--check", "--limit-us=1").returncode, 1)

    def test_an_unknown_workload_is_refused(self):
        self.assertEqual(run("filll").returncode, 2)


if __name__ == "__main__":
    unittest.main()
