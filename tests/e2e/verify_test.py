"""`replication verify` and the comparison in the background, as an operator sees them.

Differences that a node does not make by itself are planted in slot_checks_test; here a pair under
load must always be equal, and verify must say so on either node, or that there is nobody to compare
with.
"""

import random
import re
import threading
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import wait_until
from tests.e2e.wire import Closed, Timeout

EQUAL = re.compile(r"^OK 64 slots equal at position (\d+)$")
NOBODY = "SERVER_ERROR no slave in sync"
KEYS = 300


class Writer(threading.Thread):
    """Changes keys on one node until it is stopped: sets, appends, deletes, touches, flushes."""

    def __init__(self, client, seed):
        super().__init__(daemon=True)
        self._client = client
        self._random = random.Random(seed)
        self._stop_asked = threading.Event()
        self.commands = 0
        self.failure = None

    def run(self):
        try:
            while not self._stop_asked.is_set():
                self._client.ask(self._command())
                self.commands += 1
        except (OSError, Timeout, Closed) as error:
            self.failure = error

    def _command(self):
        key = "key%d" % self._random.randrange(KEYS)
        kind = self._random.randrange(200)
        value = "x" * self._random.randrange(1, 2000)
        if kind < 120:
            expiry = self._random.choice([0, 0, 0, 1, 100])
            return "set %s 5 %d %d\r\n%s" % (key, expiry, len(value), value)
        if kind < 150:
            return "delete %s" % key
        if kind < 180:
            return "touch %s %d" % (key, self._random.choice([0, 1, 50]))
        if kind < 198:
            return "append %s 0 0 3\r\nend" % key
        return "flush_all" if kind == 198 else "flush_all 1"

    def stop(self):
        self._stop_asked.set()
        self.join()


class VerifyTest(NodeTestCase):

    def verify(self, node):
        """The position at which both nodes were equal."""
        with node.client() as client:
            answer = client.ask("replication verify")
        found = EQUAL.match(answer)
        self.assertTrue(found, answer)
        return int(found.group(1))

    def write_on_both(self, pair):
        writers = [Writer(self.connect(node), seed) for seed, node in enumerate(pair.nodes())]
        for writer in writers:
            writer.start()
        return writers

    def check_under_load(self, pair):
        writers = self.write_on_both(pair)
        positions = []
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            positions += [self.verify(node) for node in pair.nodes()]
        for writer in writers:
            writer.stop()
            self.assertIsNone(writer.failure)
            self.assertGreater(writer.commands, 50)
        self.assertEqual(positions, sorted(positions))
        self.assertGreater(positions[-1], positions[0], "nothing was written meanwhile")
        for node in pair.nodes():
            stats = node.replication()
            self.assertGreaterEqual(int(stats["digests_compared"]), 64 * len(positions))
            self.assertEqual(stats["digest_mismatches"], "0", node.log_text()[-2000:])
            self.assertEqual(stats["slots_repaired"], "0")
            self.assertEqual(stats["resyncs"], "1" if node is pair.second else "0")

    def test_both_nodes_are_equal_while_clients_write_on_both(self):
        self.check_under_load(self.start_pair())

    def test_several_threads(self):
        self.check_under_load(self.start_pair(extra=["-t", "2"]))

    def test_verify_covers_what_was_written_before_it(self):
        pair = self.start_pair()
        before = self.verify(pair.first)
        with pair.second.client() as client:
            for index in range(10):
                self.assertEqual(client.set("k%d" % index, b"v"), "STORED")
        self.assertGreaterEqual(self.verify(pair.second), before + 10)

    def test_a_copy_is_compared_without_being_asked(self):
        pair = self.start_pair()
        for node in pair.nodes():
            wait_until("%s compares" % node.name,
                       lambda n=node: int(n.replication()["digests_compared"]) >= 64, 5)
            self.assertEqual(node.replication()["digest_mismatches"], "0")

    def test_full_memory_and_eviction(self):
        pair = self.start_pair(extra=["-m", "8"])
        with pair.first.client() as client:
            for index in range(3000):
                client.set("key%d" % index, b"x" * 5000)
        self.assertGreater(int(pair.first.stats()["evictions"]), 0)
        self.verify(pair.first)

    def test_after_a_failover_and_a_copy_back(self):
        pair = self.start_pair()
        with pair.first.client() as client:
            for index in range(100):
                client.set("k%d" % index, b"v")
        pair.first.kill9()
        pair.second.await_state("SOLO")
        with pair.second.client() as client:
            client.set("alone", b"v")
            self.assertEqual(client.ask("replication verify"), NOBODY)
        pair.first.restart()
        pair.await_in_sync(pair.second, pair.first)
        self.verify(pair.first)
        self.verify(pair.second)

    def test_a_node_alone_has_nobody_to_compare_with(self):
        node = self.start_node()
        with node.client() as client:
            client.send(b"set a 0 0 1\r\nx\r\nreplication verify\r\nget a\r\n")
            self.assertEqual(client.read_line(), b"STORED")
            self.assertEqual(client.read_line(), NOBODY.encode())
            self.assertEqual(client.read_line(), b"VALUE a 0 1")

    def test_a_verify_under_way_ends_with_the_link(self):
        pair = self.start_pair()
        pair.second.freeze()
        with pair.first.client() as client:
            client.send(b"replication verify\r\n")
            self.assertEqual(client.read_line(timeout_s=5), NOBODY.encode())
        pair.second.thaw()


if __name__ == "__main__":
    unittest.main()
