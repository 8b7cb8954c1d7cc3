"""Tests of trace.py and of the verdict in snapshot.py."""

import tempfile
import unittest
from pathlib import Path

from tests.bench import snapshot
from tests.bench.trace import Reply, latencies_ms, read_trace

MS = 1000000


class TraceTest(unittest.TestCase):

    def test_reads_what_the_load_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trace")
            path.write_text("1000 get 10\n2000 set 20\n", encoding="ascii")
            self.assertEqual(read_trace(path), [Reply(1000, "get", 10), Reply(2000, "set", 20)])

    def test_a_request_counts_if_it_was_outstanding_at_any_time(self):
        self.assertFalse(Reply(99, "get", 50).overlaps(100, 200))
        self.assertTrue(Reply(100, "get", 50).overlaps(100, 200))
        self.assertTrue(Reply(150, "get", 10).overlaps(100, 200))
        self.assertTrue(Reply(500, "get", 450).overlaps(100, 200))
        self.assertTrue(Reply(500, "get", 300).overlaps(100, 200))
        self.assertFalse(Reply(500, "get", 299).overlaps(100, 200))

    def test_latencies_are_of_one_kind(self):
        replies = [Reply(0, "get", n * MS) for n in range(1, 1001)] + [Reply(0, "set", 5000 * MS)]
        found = latencies_ms(replies, "get")
        self.assertEqual(found, {"count": 1000, "p50": 500.0, "p999": 999.0, "max": 1000.0})
        self.assertEqual(latencies_ms([], "get")["count"], 0)


class LatenciesAroundTest(unittest.TestCase):

    def test_a_stall_during_the_copy_is_found_and_one_before_is_not(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trace")
            path.write_text("".join(f"{at * MS} {kind} {ms * MS}\n" for at, kind, ms in (
                (500, "get", 90), (900, "set", 3), (1500, "get", 7), (2050, "set", 60),
                (3000, "get", 80))), encoding="ascii")
            found = snapshot.latencies_around(path, 1.0, 2.0)
        self.assertEqual((found["get_max_ms"], found["set_max_ms"]), (7.0, 60.0))
        self.assertEqual(found["before"]["get"]["max"], 90.0)


class FailuresTest(unittest.TestCase):

    def result(self, **changes):
        count = {"count": 1}
        whole = {"copy_seconds": 3.0, "get_max_ms": 20.0, "set_max_ms": 30.0, "items_on_joiner": 10,
                 "items_on_master": 10, "during": {"get": count, "set": count},
                 "control": {"get": {"max": 1.0}, "set": {"max": 1.0}}}
        return {**whole, **changes}

    def test_the_limits_themselves_are_met(self):
        self.assertEqual(snapshot.failures(self.result(), 10), [])

    def test_each_figure_can_fail(self):
        none = {"get": {"count": 0}, "set": {"count": 1}}
        for changes in ({"copy_seconds": 3.1}, {"get_max_ms": 20.1}, {"set_max_ms": 30.1},
                        {"items_on_joiner": 9}, {"items_on_master": 9}, {"during": none}):
            self.assertEqual(len(snapshot.failures(self.result(**changes), 10)), 1, changes)

    def test_a_machine_that_stalls_memcached_as_well_is_no_failure(self):
        control = {"get": {"max": 20.0}, "set": {"max": 20.0}}
        slow = {"get_max_ms": 60.0, "set_max_ms": 60.0, "control": control}
        self.assertEqual(snapshot.failures(self.result(**slow), 10), [])
        slow["get_max_ms"] = 60.1
        self.assertEqual(len(snapshot.failures(self.result(**slow), 10)), 1)
        self.assertEqual(len(snapshot.failures(self.result(copy_seconds=50.0, **slow), 10)), 2)


if __name__ == "__main__":
    unittest.main()
