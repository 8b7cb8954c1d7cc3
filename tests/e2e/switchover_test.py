"""`replication switchover` between two real processes while clients write and read on both: no
client sees an error, no acknowledged write is lost, nothing old is read, counters count exactly.

And cut in its middle by a kill: nothing acknowledged is lost, each increment is counted once."""

import os
import random
import socket
import sys
import tempfile
import threading
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import TIME_SCALE, free_port, wait_until
from tests.e2e.wire import HOST, Client, Closed, Timeout

SWITCHOVERS = 20
COUNTERS_PER_NODE = 3
PIPELINE = 10


class Load:
    """Clients of both nodes, one thread each. What went wrong is in `wrong`, one line each."""

    def __init__(self, pair, tolerant=False):
        self._pair = pair
        self._tolerant = tolerant
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self.wrong = []
        self.answered_at = []  # Of changes, in seconds.
        self.counts = {}  # key: (acknowledged, sent) increments.
        self._threads = []
        for number in range(COUNTERS_PER_NODE):
            for index, node in enumerate(pair.nodes()):
                self._threads.append(threading.Thread(
                    target=self._run, args=(self._count, node, "count-%d-%d" % (index, number))))
        for index, node in enumerate(pair.nodes()):
            self._threads.append(threading.Thread(
                target=self._run, args=(self._pipeline, node, "pipe-%d" % index)))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def longest_gap_ms(self, begin, end):
        """Without an answered change that touches this time."""
        with self._lock:
            times = sorted(at for at in self.answered_at if begin - 1 <= at <= end + 1)
        return max((1000 * (b - a) for a, b in zip(times, times[1:]) if b > begin and a < end),
                   default=0.0)

    def _run(self, work, node, key):
        try:
            with node.client(timeout_s=10 * TIME_SCALE) as client, \
                    self._pair.other(node).client(timeout_s=10 * TIME_SCALE) as reader:
                work(client, reader, key)
        except (OSError, Closed, Timeout, AssertionError, ValueError) as error:
            if not self._tolerant:
                self.wrong.append("%s: %r" % (key, error))

    def _count(self, client, reader, key):
        """Adds one, again and again; the other node shows it from then on."""
        count = 0
        if client.set(key, b"0") != "STORED":
            raise AssertionError("the first set failed")
        while not self._ends.is_set():
            self.counts[key] = (count, count + 1)
            answer = client.ask("incr %s 1" % key)
            if answer != str(count + 1):
                raise AssertionError("incr of %d answered %r" % (count, answer))
            count += 1
            self.counts[key] = (count, count)
            with self._lock:
                self.answered_at.append(time.monotonic())
            seen = reader.get(key)
            if seen is None or int(seen) != count:
                raise AssertionError("%d was answered, the other node shows %r" % (count, seen))

    def _pipeline(self, client, _, key):
        """Several at once; the answers come in the order of the requests."""
        count = 0
        if client.set(key, b"0") != "STORED":
            raise AssertionError("the first set failed")
        while not self._ends.is_set():
            client.send(b"".join(b"incr %s 1\r\nget %s\r\n" % (key.encode(), key.encode())
                                 for _ in range(PIPELINE)))
            for _ in range(PIPELINE):
                count += 1
                expected = b"%d" % count
                lines = [client.read_line() for _ in range(4)]
                if lines[0] != expected or lines[2].strip() != expected or lines[3] != b"END":
                    raise AssertionError("at %d: %r" % (count, lines))


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
