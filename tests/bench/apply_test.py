"""Tests of the verdict in apply.py, and one short run of each workload with real nodes."""

import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

from tests.bench import apply
from tests.bench.apply_load import PIPELINE, WORKLOADS
from tests.bench.servers import program


class VerdictTest(unittest.TestCase):

    def test_each_node_counts_with_its_best_round(self):
        costs = [apply.Cost(1000000, 0.9, 0.5), apply.Cost(1000000, 0.8, 0.6)]
        master, slave, ratio = apply.best(costs)
        self.assertAlmostEqual(master, 0.8)
        self.assertAlmostEqual(slave, 0.5)
        self.assertAlmostEqual(ratio, 1.6)

    def test_the_slave_must_be_half_as_fast_again(self):
        self.assertTrue(apply.verdict("set", "behind", [apply.Cost(1000, 3.0, 2.0)])[0])
        met, sentence = apply.verdict("set", "behind", [apply.Cost(1000, 2.9, 2.0)])
        self.assertFalse(met)
        self.assertIn("1.45 times", sentence)

    def test_a_row_shows_rates_of_both_nodes(self):
        row = apply.row("set", "behind", [apply.Cost(1000, 0.002, 0.001, 0.004)])
        self.assertEqual(row, "| set | behind | 2.00 | 1.00 | 500,000 | 1,000,000 | 250,000 | "
                              "2.00x |")


class WorkloadTest(unittest.TestCase):

    def test_requests_of_a_pipeline_are_as_many_as_its_replies(self):
        for workload in WORKLOADS:
            pipeline = workload.pipeline(workload.text, 1, 1)
            commands = sum(pipeline.count(word) for word in (b"set ", b"incr ", b"touch ",
                                                             b"delete "))
            self.assertEqual(commands, PIPELINE, workload.name)
        self.assertEqual(WORKLOADS[0].reply_bytes(), PIPELINE * len(b"STORED\r\n"))

    def test_connections_do_not_share_keys(self):
        workload = WORKLOADS[0]
        keys = {word for connection in range(2) for batch in range(workload.batches)
                for word in workload.pipeline(workload.text, connection, batch).split()
                if word.startswith(b"key")}
        self.assertEqual(len(keys), 2 * workload.batches * PIPELINE)


class RunTest(unittest.TestCase):

    def test_both_ways_are_measured_with_every_workload(self):
        binary = program(BINARY, "twincached", "--binary")
        flags = SimpleNamespace(seconds=0.05, rounds=1)
        for workload in WORKLOADS:
            for behind in (False, True):
                with self.subTest(workload=workload.name, behind=behind):
                    cost, = apply.measure(binary, workload, behind, flags)
                    self.assertGreaterEqual(cost.mutations, PIPELINE)
                    self.assertGreater(cost.master_seconds, 0)
                    self.assertGreater(cost.slave_seconds, 0)


BINARY = None

if __name__ == "__main__":
    BINARY = str(Path(sys.argv.pop(1)).absolute())
    unittest.main()
