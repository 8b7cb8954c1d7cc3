"""Tests of connections_summary.py and of the rows of fairness.py."""

import unittest

from tests.bench.yardstick import connections_summary, fairness
from tests.bench.yardstick.connections_summary import Cost


def cost(alone, beside, each, busy=1.0):
    found = Cost("solo, epoll")
    for values in zip(alone, beside, each):
        found.add({"cpu_us": values[0], "busy": busy}, {"cpu_us": values[1], "busy": busy},
                  values[2])
    return found


class ConnectionsTest(unittest.TestCase):

    def states(self, found):
        return [verdict.state for verdict in connections_summary.verdicts([found])]

    def test_best_rounds_and_the_first_growth(self):
        found = cost((5.0, 4.0), (4.2, 9.0), (4096.0, 10.0))
        self.assertEqual((found.cpu_ratio, found.first_bytes_each), (1.05, 4096.0))
        self.assertEqual(self.states(found), ["met", "met"])
        self.assertEqual(self.states(cost((4.0,), (4.3,), (4097.0,))), ["NOT MET", "NOT MET"])

    def test_an_idle_server_gets_no_verdict(self):
        self.assertEqual(self.states(cost((4.0,), (4.0,), (100.0,), 0.5)), ["no verdict", "met"])

    def test_table(self):
        text = connections_summary.table([cost((5.0, 4.0), (4.2, 9.0), (4096.0, 10.0))])
        self.assertIn("| solo, epoll | 4.00 | 4.20 | 1.05x | 100 % | 4,096 |", text)


class FairnessTest(unittest.TestCase):

    def report(self, p50, per_second):
        return {"all": {"p50_us": p50, "p99_us": 2 * p50}, "requests_per_second": per_second}

    def test_medians_and_share(self):
        row = fairness.summarise("solo", 100, [
            (self.report(p50, 100.0), self.report(9.0, 900.0)) for p50 in (10.0, 30.0, 20.0)])
        self.assertEqual((row.p50_us, row.p99_us, row.share), (20.0, 40.0, 0.1))
        self.assertIn("| 64 x 64, 100 bytes | solo | 20 | 40 | 100 | 900 | 10.00 % |",
                      fairness.table([row]))

    def test_without_a_deep_client(self):
        row = fairness.summarise("solo", 0, [(self.report(10.0, 100.0), None)])
        self.assertEqual(row.share, 1.0)
        self.assertIn("| none | solo |", fairness.table([row]))


if __name__ == "__main__":
    unittest.main()
