"""8 threads on each node count on the same keys: every increment is executed once, and answered
with a sum that nobody else was answered.

    INCRS_PER_THREAD=1000   fewer than the 10,000 that are promised, for a hurry
"""

import os
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.crowd import run_crowd

THREADS_PER_NODE = 8
INCRS_PER_THREAD = int(os.environ.get("INCRS_PER_THREAD", "10000"))
KEYS = ["counter%d" % index for index in range(4)]
# Requests on their way at once: one node's overtake the other's in every order.
PIPELINE = 20


class IncrSumsTest(NodeTestCase):

    def setUp(self):
        self.pair = self.start_pair()
        self.answers = {key: [] for key in KEYS}

    def count(self, node, index):
        """Every key as often as the others; each thread begins at another one."""
        keys = [KEYS[(index + step) % len(KEYS)] for step in range(INCRS_PER_THREAD)]
        with node.client() as client:
            for begin in range(0, len(keys), PIPELINE):
                batch = keys[begin:begin + PIPELINE]
                client.send(b"".join(b"incr %s 1\r\n" % key.encode() for key in batch))
                for key in batch:
                    self.answers[key].append(int(client.read_line()))

    def test_sums_are_exact_and_no_sum_is_answered_twice(self):
        with self.pair.first.client() as client:
            for key in KEYS:
                self.assertEqual(client.set(key, b"0"), "STORED")
        run_crowd(self.pair.nodes(), THREADS_PER_NODE, self.count)
        for key, answers in self.answers.items():
            self.assertEqual(sorted(answers), list(range(1, len(answers) + 1)), key)
            for node in self.pair.nodes():
                with node.client() as client:
                    self.assertEqual(int(client.get(key)), len(answers), key)
        self.assertEqual(sum(map(len, self.answers.values())),
                         2 * THREADS_PER_NODE * INCRS_PER_THREAD)


if __name__ == "__main__":
    unittest.main()
