"""repcached's contract: the lines it logs at each turn of a pair's life, in their order, and its
promise that an orderly end of the master loses nothing."""

import re
import signal
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import TIME_SCALE, free_port, wait_until

ADDRESS = r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+"


class ContractTest(NodeTestCase):

    def assert_lines(self, node, *expressions, begin=0):
        """These lines are in the log in this order, each a whole line; waits for the last."""
        def missing():
            lines = node.log_text()[begin:].splitlines()
            for expression in expressions:
                while lines and not re.fullmatch(expression, lines[0]):
                    lines.pop(0)
                if not lines:
                    return expression
                lines.pop(0)
            return None
        try:
            wait_until("the log", lambda: missing() is None, 3 * TIME_SCALE)
        except AssertionError:
            self.fail("%s does not log %r after what comes before it:\n%s"
                      % (node.name, missing(), node.log_text()[begin:]))

    def test_without_peer_address(self):
        node = self.start_node(extra=["-X", str(free_port())])
        self.assert_lines(node, r"replication: listen")

    def test_peer_absent(self):
        node = self.start_node(repl_port=free_port())
        self.assert_lines(node, r"replication: connect \(peer=%s\)" % ADDRESS,
                          r"replication: close", r"replication: listen")

    def test_peer_present_and_data_to_copy(self):
        pair_port = free_port()
        first = self.start_node("first", repl_port=pair_port)
        with first.client() as client:
            for index in range(100):
                self.assertEqual(client.set("k%d" % index, b"v"), "STORED")
        second = self.start_node("second", repl_port=pair_port)
        second.await_state("SLAVE")
        self.assert_lines(second, r"replication: connect \(peer=%s\)" % ADDRESS,
                          r"replication: marugoto copying", r"replication: start")
        self.assert_lines(first, r"replication: listen", r"replication: accept",
                          r"replication: marugoto start", r"replication: marugoto \d+",
                          r"replication: marugoto owari")

    def test_nothing_to_copy(self):
        pair = self.start_pair()
        self.assert_lines(pair.second, r"replication: start")
        self.assertNotIn("marugoto", pair.first.log_text())

    def test_peer_dies_either_side(self):
        for victim in ("first", "second"):
            with self.subTest(victim):
                pair = self.start_pair()
                survivor = pair.other(getattr(pair, victim))
                begin = len(survivor.log_text())
                getattr(pair, victim).kill9()
                self.assert_lines(survivor, r"replication: close", r"replication: listen",
                                  begin=begin)
                self.assertTrue(survivor.answers())

    def test_orderly_end(self):
        pair = self.start_pair()
        self.assertEqual(pair.first.terminate(signal.SIGINT), 0)
        self.assert_lines(pair.first, r"got signal 2", r"replication: close",
                          r"replication: cleanup complete")

    def test_the_slave_stopped_the_master_ended_all_arrives(self):
        """10 sets of 1 MB with the slave stopped, INT to the master, slave continued."""
        pair = self.start_pair()
        values = {"big%d" % index: (b"%d" % index) * 1000000 for index in range(10)}
        with pair.first.client() as client:
            pair.second.freeze()
            for key, value in values.items():
                client.send(b"set %s 0 0 %d\r\n%s\r\n" % (key.encode(), len(value), value))
            deadline = time.monotonic() + 0.25
            while time.monotonic() < deadline:
                if int(pair.first.replication().get("lag_mutations", 0)) >= len(values):
                    break
                time.sleep(0.01)
            pair.first.send_signal(signal.SIGINT)
            pair.second.thaw()
            self.assertEqual(pair.first.reap(), 0)
        pair.second.await_state("SOLO")
        with pair.second.client() as client:
            for key, value in values.items():
                self.assertEqual(client.get(key), value, key)

    def test_stats_of_repcached(self):
        pair = self.start_pair()
        for node, role in ((pair.first, "MASTER"), (pair.second, "SLAVE")):
            stats = node.stats()
            self.assertEqual(stats["replication"], role)
            self.assertIn("repcached_version", stats)
            self.assertRegex(stats["repcached_qi_free"], r"^\d+$")
        pair.first.kill9()
        pair.second.await_state("SOLO")
        self.assertEqual(pair.second.stats()["replication"], "MASTER")


if __name__ == "__main__":
    unittest.main()
