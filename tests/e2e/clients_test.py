"""pymemcache (Debian's python3-pymemcache) against both nodes of a pair: what it writes through
one it reads through the other. It sends writes with noreply unless told otherwise."""

import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import HOST

try:
    from pymemcache.client.base import Client
    from pymemcache.client.hash import HashClient
    from pymemcache.exceptions import MemcacheClientError
except ImportError as error:
    raise SystemExit("apt-get install python3-pymemcache (bazelw does): %s" % error) from error

TIMEOUT_S = 5


class PymemcacheTest(NodeTestCase):

    def setUp(self):
        self.pair = self.start_pair()
        self.master, self.slave = (
            Client((HOST, node.port), timeout=TIMEOUT_S, connect_timeout=TIMEOUT_S)
            for node in self.pair.nodes())
        self.addCleanup(self.master.close)
        self.addCleanup(self.slave.close)

    def both_ways(self):
        yield self.master, self.slave
        yield self.slave, self.master

    def test_noreply_writes_are_there_once_their_connection_answers(self):
        for writer, reader in self.both_ways():
            writer.set("a", b"1")
            writer.append("a", b"2")
            writer.prepend("a", b"0")
            self.assertEqual(writer.get("a"), b"012")
            self.assertEqual(reader.get("a"), b"012")
            writer.delete("a")
            self.assertIsNone(writer.get("a"))
            self.assertIsNone(reader.get("a"))

    def test_answered_writes_are_there_at_once(self):
        for index, (writer, reader) in enumerate(self.both_ways()):
            key = "k%d" % index
            self.assertTrue(writer.add(key, b"x", noreply=False))
            self.assertFalse(reader.add(key, b"y", noreply=False))
            self.assertTrue(reader.replace(key, b"10", noreply=False))
            self.assertEqual(writer.incr(key, 5), 15)
            self.assertEqual(reader.decr(key, 20), 0)
            self.assertTrue(writer.touch(key, 100, noreply=False))
            self.assertTrue(reader.delete(key, noreply=False))
            self.assertFalse(writer.delete(key, noreply=False))

    def test_cas_ids_are_good_on_the_other_node(self):
        for writer, reader in self.both_ways():
            writer.set("c", b"1", noreply=False)
            value, cas = writer.gets("c")
            self.assertEqual(reader.gets("c"), (value, cas))
            self.assertTrue(reader.cas("c", b"2", cas))
            self.assertFalse(writer.cas("c", b"3", cas))
            self.assertIsNone(writer.cas("absent", b"3", cas))

    def test_many_keys_in_one_go(self):
        values = {"m%d" % index: b"v%d" % index for index in range(500)}
        for writer, reader in self.both_ways():
            self.assertEqual(writer.set_many(values, noreply=False), [])
            self.assertEqual(reader.get_many(values), values)
            self.assertEqual(len(reader.gets_many(values)), len(values))
            self.assertTrue(writer.delete_many(values, noreply=False))
            self.assertEqual(reader.get_many(values), {})

    def test_flush_all_and_versions(self):
        for writer, reader in self.both_ways():
            writer.set("f", b"1", noreply=False)
            self.assertTrue(writer.flush_all(noreply=False))
            self.assertIsNone(reader.get("f"))
            self.assertRegex(writer.version(), rb"^1\.6\.\d+")
            self.assertGreater(int(writer.stats()[b"pid"]), 1)

    def test_bad_keys_are_refused_before_they_are_sent(self):
        with self.assertRaises(MemcacheClientError):
            self.master.set("k" * 251, b"x")

    def test_a_pool_of_both_goes_on_after_one_is_killed(self):
        pool = HashClient([(HOST, node.port) for node in self.pair.nodes()], timeout=TIMEOUT_S,
                          connect_timeout=TIMEOUT_S, retry_attempts=0, dead_timeout=60,
                          ignore_exc=True, default_noreply=False)
        self.addCleanup(pool.close)
        values = {"p%d" % index: b"v%d" % index for index in range(200)}
        for key, value in values.items():
            self.assertTrue(pool.set(key, value))
        self.pair.first.kill9()
        for key in values:  # pymemcache spends a call or two on finding out that one is dead.
            pool.get(key)
        self.assertEqual({key: pool.get(key) for key in values}, values)


if __name__ == "__main__":
    unittest.main()
