"""`replication switchover` between two real processes while clients write and read on both: no
client sees an error, no acknowledged write is lost, nothing old is read, counters count exactly.

And cut in its middle by a kill: nothing acknowledged is lost, each increment is counted once."""

import os
import random
import socket
import sys
import tempfile
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.counting_load import Load
from tests.e2e.nodes import TIME_SCALE, wait_until
from tests.e2e.wire import HOST, Client

SWITCHOVERS = 20


class SwitchoverTest(NodeTestCase):

    def switch(self, node, expected="OK"):
        with node.client(timeout_s=10 * TIME_SCALE) as client:
            self.assertEqual(client.ask("replication switchover"), expected)

    def test_back_and_forth_under_load_without_a_client_error(self):
        pair = self.start_pair(extra=["-t", "2"])
        gaps = []
        with Load(pair) as load:
            time.sleep(0.3)
            for number in range(SWITCHOVERS):
                master = pair.by_role("MASTER")
                slave = pair.other(master)
                begin = time.monotonic()
                self.switch(pair.nodes()[number % 2])
                end = time.monotonic()
                self.assertEqual(slave.replication()["state"], "MASTER")
                self.assertEqual(master.replication()["state"], "SLAVE")
                time.sleep(0.05)
                gaps.append(load.longest_gap_ms(begin, end))
        self.assertEqual(load.wrong, [])
        gaps.sort()
        print("longest time without an answered change, %d switchovers, %d changes: "
              "median %.1f ms, max %.1f ms"
              % (SWITCHOVERS, len(load.answered_at), gaps[len(gaps) // 2], gaps[-1]),
              file=sys.stderr)
        self.assertLess(gaps[len(gaps) // 2], 200 * TIME_SCALE)
        for node in pair.nodes():
            log = node.log_text()
            for state in ("HOLD", "JOIN: joining first", "marugoto start"):
                self.assertNotIn("twincached: %s" % state, log)
            with node.client() as client:
                for key, (count, _) in load.counts.items():
                    self.assertEqual(client.get(key), b"%d" % count, (node.name, key))

    def test_a_kill_in_its_middle_loses_nothing_and_counts_once(self):
        pair = self.start_pair()
        rng = random.Random(7)
        for number in range(6):
            master = pair.by_role("MASTER")
            victim = master if number % 2 == 0 else pair.other(master)
            survivor = pair.other(victim)
            with Load(pair, tolerant=True) as load:
                time.sleep(0.2)
                asker = survivor.client(timeout_s=10 * TIME_SCALE)
                asker.send_line("replication switchover")
                time.sleep(rng.random() * 0.004)
                victim.kill9()
                answer = asker.read_line()  # Whatever it is, it comes.
                asker.close()
                self.assertRegex(answer, rb"^(OK|SERVER_ERROR .*)$")
            survivor.await_state("SOLO")
            with survivor.client() as client:
                for key, (acknowledged, sent) in load.counts.items():
                    self.assertIn(int(client.get(key)), range(acknowledged, sent + 1), key)
            victim.restart(wait=False)
            pair.await_in_sync(survivor, victim)

    def test_a_slave_that_hangs_ends_it_and_the_master_goes_on(self):
        pair = self.start_pair()
        pair.second.freeze()
        with pair.first.client(timeout_s=10 * TIME_SCALE) as client:
            self.assertRegex(client.ask("replication switchover"), "^SERVER_ERROR ")
            self.assertEqual(client.set("k", b"v"), "STORED")
        pair.second.thaw()
        pair.await_in_sync(pair.first, pair.second)
        self.switch(pair.first)
        self.assertEqual(pair.second.replication()["state"], "MASTER")
        with pair.second.client() as client:
            self.assertEqual(client.get("k"), b"v")

    def test_forwards_under_way_meanwhile_are_executed_once(self):
        pair = self.start_pair()
        with pair.second.client(timeout_s=10 * TIME_SCALE) as client:
            client.set("n", b"0")
            client.send(b"incr n 1\r\n" * 1000)
            self.switch(pair.first)
            client.send(b"incr n 1\r\n" * 1000)
            self.switch(pair.first)
            numbers = [int(client.read_line()) for _ in range(2000)]
        self.assertEqual(numbers, list(range(1, 2001)))

    def test_is_taken_from_this_host_only(self):
        with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
            os.chmod(folder, 0o777)
            path = os.path.join(folder, "s")
            node = self.start_node(extra=["-s", path, "-l", "*"])
            local = socket.socket(socket.AF_UNIX)
            self.addCleanup(local.close)
            wait_until("the unix socket", lambda: local.connect_ex(path) == 0, 5)
            local.sendall(b"replication switchover\r\n")
            self.assertEqual(local.recv(100), b"SERVER_ERROR no slave in sync\r\n")
            address = self.outward_address()
            if address is None:
                self.skipTest("this host has no address but loopback")
            with Client(node.port, host=address) as remote:
                self.assertEqual(remote.ask("replication switchover"),
                                 "CLIENT_ERROR replication commands are taken from this host only")
                self.assertRegex(remote.ask("version"), "^VERSION ")

    @staticmethod
    def outward_address():
        """An address of this host that is not loopback; nothing is sent."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
            except OSError:
                return None
            address = probe.getsockname()[0]
        return None if address.startswith("127.") or address == HOST else address


if __name__ == "__main__":
    unittest.main()
