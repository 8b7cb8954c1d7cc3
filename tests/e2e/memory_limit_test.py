"""`cache_memlimit` while clients are there: up, down, on two threads, on a pair, what stats say.

The memory of the process is looked at from outside as well. The answers word by word are the
transcripts' affair (tests/telnet).
"""

import os
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import wait_until

MB = 1 << 20
VALUE = b"x" * 10000
TOO_LARGE = "MEMLIMIT_ADJUST_FAILED"


class MemoryLimitTest(NodeTestCase):

    def fill(self, client, megabytes, prefix="k"):
        """Stores about so many megabytes of items; none is refused."""
        for index in range(megabytes * MB // len(VALUE)):
            client.send(b"set %s%d 0 0 %d noreply\r\n%s\r\n"
                        % (prefix.encode(), index, len(VALUE), VALUE))
        self.assertTrue(client.ask("version", timeout_s=30).startswith("VERSION"))

    @staticmethod
    def bytes_of(client):
        return int(client.stats()["bytes"])

    def assert_limit(self, client, megabytes):
        self.assertEqual(int(client.stats()["limit_maxbytes"]), megabytes * MB)
        self.assertEqual(int(client.stats("settings")["maxbytes"]), megabytes * MB)

    @staticmethod
    def await_equal(master, slave):
        wait_until("as many items", lambda: master.stats()["curr_items"] ==
                   slave.stats()["curr_items"], 10)

    def check_up_and_down(self, threads):
        node = self.start_node(extra=["-t", threads, "-m", "64"])
        client = self.connect(node, timeout_s=30)
        before = node.resident_bytes()
        self.fill(client, 80)
        self.assertGreater(self.bytes_of(client), 48 * MB)
        self.assertEqual(client.ask("cache_memlimit 16"), "OK")
        self.assert_limit(client, 16)
        wait_until("16 MB of items", lambda: self.bytes_of(client) <= 16 * MB, 10)
        wait_until("memory given back", lambda: node.resident_bytes() - before < 32 * MB, 10)
        self.assertGreater(self.bytes_of(client), 8 * MB, "no more than needed goes")
        self.assertEqual(client.ask("cache_memlimit 128"), "OK")
        self.fill(client, 100, "l")
        self.assertGreater(self.bytes_of(client), 80 * MB)
        self.assertEqual(client.get("l0"), VALUE)

    def test_up_and_down(self):
        self.check_up_and_down("1")

    def test_up_and_down_on_two_threads(self):
        self.check_up_and_down("2")

    @staticmethod
    def locked_kb(node):
        with open("/proc/%d/status" % node.pid) as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["VmLck"].split()[0])

    def test_locked_memory_is_given_back_too(self):
        # Root keeps the right to lock what it likes; others need an unlimited `ulimit -l`.
        user = ["-u", "root"] if os.geteuid() == 0 else []
        node = self.start_node(extra=["-k", "-m", "64"] + user)
        if "-k invalid" in node.log_text():
            self.skipTest("memory may not be locked here")
        client = self.connect(node, timeout_s=30)
        self.assertEqual(client.stats("settings")["lock_memory"], "yes")
        before = node.resident_bytes()
        self.assertGreater(self.locked_kb(node), 0)
        self.fill(client, 80)
        self.assertGreater(self.locked_kb(node), 48 * 1024)
        self.assertEqual(client.ask("cache_memlimit 16"), "OK")
        wait_until("memory given back", lambda: node.resident_bytes() - before < 32 * MB, 10)
        self.fill(client, 20, "l")

    def test_huge_pages_at_every_size(self):
        settings = self.start_node(extra=["-L", "-m", "16"]).stats("settings")
        self.assertEqual(settings["huge_pages"], "always")
        self.assertEqual(settings["lock_memory"], "no")

    def test_the_least_depends_on_what_it_was_started_with(self):
        client = self.connect(self.start_node(extra=["-t", "2", "-m", "1024"]))
        self.assertEqual(client.ask("cache_memlimit 63"),
                         "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 64m")
        self.assert_limit(client, 1024)
        self.assertEqual(client.ask("cache_memlimit 64"), "OK")

    def test_without_evictions_nothing_goes(self):
        client = self.connect(self.start_node(extra=["-M", "-m", "64"]), timeout_s=30)
        self.fill(client, 40)
        items = client.stats()["curr_items"]
        self.assertEqual(client.ask("cache_memlimit 16"), "OK")
        answers = [client.set("more%d" % index, VALUE) for index in range(200)]
        self.assertEqual(answers[-1], "SERVER_ERROR out of memory storing object")
        stored = answers.count("STORED")  # What still had its place in the head of the log.
        self.assertEqual(client.stats()["curr_items"], str(int(items) + stored))

    def test_a_pair_goes_up_slave_first_and_down_master_first(self):
        pair = self.start_pair()
        master = self.connect(pair.first, timeout_s=30)
        slave = self.connect(pair.second, timeout_s=30)
        self.assertTrue(master.ask("cache_memlimit 128").startswith(TOO_LARGE))
        self.assertEqual(slave.ask("cache_memlimit 128"), "OK")
        wait_until("the master knows", lambda: master.ask("cache_memlimit 128") == "OK", 5)
        self.fill(master, 100)
        self.await_equal(master, slave)
        self.assertGreater(int(slave.stats()["curr_items"]), 90 * MB // len(VALUE))
        self.assertEqual(master.ask("cache_memlimit 32"), "OK")
        wait_until("32 MB of items", lambda: self.bytes_of(master) <= 32 * MB, 10)
        wait_until("the slave knows", lambda: slave.ask("cache_memlimit 32") == "OK", 5)
        self.fill(slave, 20, "l")
        self.await_equal(master, slave)
        self.assertRegex(master.ask("replication verify", timeout_s=30), "^OK 64 slots")
        self.assertNotIn("finds no room", pair.first.log_text() + pair.second.log_text())

    def test_a_slave_that_comes_back_with_less_is_refused(self):
        pair = self.start_pair()
        pair.second.kill9()
        pair.first.await_state("SOLO")
        with pair.first.client() as client:
            self.assertEqual(client.ask("cache_memlimit 100"), "OK")
        pair.second.spawn()
        self.assertEqual(pair.second.process.wait(10), 1)
        pair.second.reap()
        self.assertIn("memory limit", pair.second.log_text())
        pair.second.extra += ["-m", "100"]
        pair.second.start()
        pair.await_in_sync(pair.first, pair.second)


if __name__ == "__main__":
    unittest.main()
