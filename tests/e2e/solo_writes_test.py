"""`--solo-writes=refuse` with real processes: what a node without a slave in sync does with writes,
also with those that are under way at the moment at which it becomes alone."""

import threading
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import TIME_SCALE, free_port
from tests.e2e.wire import Closed

REFUSE = ["--solo-writes=refuse"]
REFUSED = "SERVER_ERROR no replica"
WRITERS = 8


class Writer(threading.Thread):
    """Counts one key up on one node until that is refused or the connection ends."""

    def __init__(self, node, key):
        super().__init__()
        self._client = node.client(timeout_s=10 * TIME_SCALE)
        self.key = key
        self.acknowledged = 0
        self.end = None  # The answer that ended it, or "reset", "closed".

    def run(self):
        with self._client as client:
            client.set(self.key, b"0")
            try:
                while self.end is None:
                    answer = client.ask("incr %s 1" % self.key)
                    if answer == str(self.acknowledged + 1):
                        self.acknowledged += 1
                    else:
                        self.end = answer
            except Closed:
                self.end = "reset" if client.was_reset else "closed"


class SoloWritesTest(NodeTestCase):

    def start_refusing_pair(self):
        return self.start_pair(extra=REFUSE)

    def run_into(self, pair, node, break_it):
        """Writers on `node`; what `break_it` does ends them all."""
        writers = [Writer(node, "k%d" % number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(0.2)
        break_it()
        for writer in writers:
            writer.join()
        return writers

    def assert_counted(self, node, writers):
        """What was acknowledged is there, at most one more is; what was refused is not."""
        with node.client() as client:
            for writer in writers:
                count = int(client.get(writer.key))
                if writer.end == REFUSED:
                    self.assertEqual(count, writer.acknowledged, writer.key)
                self.assertIn(count - writer.acknowledged, (0, 1), writer.key)

    def test_a_node_that_begins_alone_refuses(self):
        node = self.start_node(extra=REFUSE, repl_port=free_port())
        with node.client() as client:
            self.assertEqual(client.set("k", b"v"), REFUSED)
            self.assertIsNone(client.get("k"))
            client.send(b"set k 0 0 1 noreply\r\nx\r\n")
            self.assertIsNone(client.get("k"))
            self.assertEqual(client.ask("flush_all"), REFUSED)

    def test_a_master_that_loses_its_slave_under_load(self):
        pair = self.start_refusing_pair()
        writers = self.run_into(pair, pair.first, pair.second.kill9)
        for writer in writers:
            self.assertGreater(writer.acknowledged, 0)
            self.assertIn(writer.end, (REFUSED, "reset"))
        pair.first.await_state("SOLO")
        self.assert_counted(pair.first, writers)
        with pair.first.client() as client:
            self.assertEqual(client.set("other", b"v"), REFUSED)
        pair.second.restart(wait=False)
        pair.await_in_sync(pair.first, pair.second)
        for node in pair.nodes():
            with node.client() as client:
                self.assertEqual(client.set("other", b"v"), "STORED")

    def test_a_slave_that_loses_its_master_with_forwards_under_way(self):
        pair = self.start_refusing_pair()
        writers = self.run_into(pair, pair.second, pair.first.kill9)
        for writer in writers:
            # A forward that the dead master did not answer was executed nowhere.
            self.assertEqual(writer.end, REFUSED)
        pair.second.await_state("SOLO")
        self.assert_counted(pair.second, writers)

    def test_a_slave_whose_master_hangs_does_not_know(self):
        pair = self.start_refusing_pair()
        writers = self.run_into(pair, pair.second, pair.first.freeze)
        for writer in writers:
            self.assertIn(writer.end, (REFUSED, "reset"))
        self.assertIn("reset", [writer.end for writer in writers])
        pair.second.await_state("SOLO")
        self.assert_counted(pair.second, writers)

    def test_readers_of_what_both_have_are_not_disturbed(self):
        pair = self.start_refusing_pair()
        with pair.first.client() as client:
            client.set("k", b"v")
            pair.second.kill9()
            for _ in range(200):
                self.assertEqual(client.get("k"), b"v")
        pair.first.await_state("SOLO")

    def test_writes_are_taken_when_the_joiner_is_in_sync_and_no_sooner(self):
        pair = self.start_refusing_pair()
        for _ in range(5):
            pair.second.kill9()
            pair.first.await_state("SOLO")
            pair.second.restart(wait=False)
            with pair.first.client() as client:
                while client.set("k", b"v") == REFUSED:
                    time.sleep(0.001)
            # It was told after the slave had it.
            pair.second.await_state("SLAVE")
            with pair.second.client() as client:
                self.assertEqual(client.get("k"), b"v")


if __name__ == "__main__":
    unittest.main()
