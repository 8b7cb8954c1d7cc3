"""`stats` as monitoring reads it: names, their shapes, and counters that move as memcached's do.

The same conversation is held with Debian's memcached and with a node; what both count is compared
number by number. Names of memcached's inner workings (slabs, its LRU threads) are not asked for.
"""

import unittest

from tests.e2e.case import NodeTestCase

# What clients, munin, collectd, Prometheus' exporter and phpMemcachedAdmin read.
# Not get_expired and get_flushed: stock keeps an item that is gone until somebody asks for it and
# counts that; ours drops it at once, and the same question is a plain miss.
COUNTERS = """cmd_get cmd_set cmd_flush cmd_touch get_hits get_misses delete_misses delete_hits
    incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits
    touch_misses store_too_large total_items""".split()
OTHERS = """pid uptime time version pointer_size rusage_user rusage_system max_connections
    curr_connections total_connections rejected_connections bytes_read bytes_written
    limit_maxbytes accepting_conns listen_disabled_num threads bytes curr_items evictions
    reclaimed""".split()
SETTINGS = """maxbytes maxconns tcpport udpport inter verbosity evictions num_threads cas_enabled
    tcp_backlog item_size_max detail_enabled""".split()
SETTINGS_EQUAL = """maxbytes maxconns udpport inter evictions num_threads cas_enabled tcp_backlog
    item_size_max detail_enabled""".split()
REPLICATION = """role state epoch version peer peer_state solo_writes ack peer_ack last_change_ms
    last_reason log_bytes log_bytes_max lag_mutations held_replies forwards resyncs
    promotions emptied""".split()
NUMBERS = """epoch version last_change_ms log_bytes log_bytes_max lag_mutations held_replies
    forwards resyncs promotions emptied""".split()

# Sent line by line with a fence behind each; what is answered is the transcripts' affair.
CONVERSATION = [
    b"set a 0 0 1\r\n1", b"set b 0 0 1 noreply\r\n2", b"add a 0 0 1\r\nx", b"add c 0 0 1\r\nx",
    b"replace c 0 0 1\r\ny", b"replace nil 0 0 1\r\ny", b"append c 0 0 1\r\nz",
    b"prepend nil 0 0 1\r\nz", b"get a", b"get a b nil", b"gets a nil", b"get nil nil2 nil3",
    b"incr a 1", b"incr nil 1", b"incr c 1", b"decr a 1", b"decr nil 1", b"touch a 100",
    b"touch nil 100", b"gat 100 a", b"gat 100 nil", b"gats 100 a nil", b"cas nil 0 0 1 1\r\nx",
    b"cas a 0 0 1 18446744073709551615\r\nx", b"delete b", b"delete b", b"delete nil noreply",
    b"set gone 0 -1 1\r\nx", b"get gone", b"set d 0 0 -1", b"set d 0 0 1\r\nxxx", b"foo",
    b"set big 0 0 1048576\r\n" + b"x" * 1048576, b"flush_all", b"get a", b"flush_all 0",
    b"flush_all noreply",
]


class StatsTest(NodeTestCase):

    @staticmethod
    def converse(server):
        """Holds the conversation; returns the stats behind it."""
        with server.client() as client:
            for line in CONVERSATION:
                client.send(line + b"\r\nversion\r\n")
                while not client.read_line().startswith(b"VERSION"):
                    pass
            return client.stats()

    def test_names_and_shapes(self):
        stock, ours = self.start_stock().stats(), self.start_node().stats()
        for name in COUNTERS + OTHERS:
            with self.subTest(name):
                self.assertIn(name, stock)
                self.assertIn(name, ours)
                if name == "version":
                    self.assertRegex(ours[name], r"^1\.6\.18-twincached-\d+\.\d+")
                elif name.startswith("rusage"):
                    self.assertRegex(ours[name], r"^\d+\.\d{6}$")
                else:
                    self.assertRegex(ours[name], r"^\d+$")

    def test_counters_move_as_memcacheds(self):
        stock, ours = self.converse(self.start_stock()), self.converse(self.start_node())
        self.assertEqual({name: ours.get(name) for name in COUNTERS},
                         {name: stock[name] for name in COUNTERS})

    def test_what_a_node_says_of_itself(self):
        node = self.start_node(extra=["-m", "48", "-c", "99", "-t", "2"])
        stats = node.stats()
        self.assertEqual(int(stats["pid"]), node.pid)
        self.assertEqual(int(stats["limit_maxbytes"]), 48 << 20)
        self.assertEqual(stats["max_connections"], "99")
        self.assertEqual(stats["threads"], "2")
        self.assertEqual(stats["accepting_conns"], "1")
        self.assertLess(int(stats["uptime"]), 60)

    def test_connections_are_counted(self):
        node = self.start_node()
        first = self.connect(node)
        before = first.stats()
        others = [self.connect(node) for _ in range(7)]
        for client in others:
            client.ask("version")
        after = first.stats()
        for name in ("curr_connections", "total_connections"):
            self.assertEqual(int(after[name]) - int(before[name]), 7, name)

    def test_items_and_bytes_are_counted(self):
        node = self.start_node()
        with node.client() as client:
            for index in range(100):
                client.set("k%d" % index, b"x" * 1000)
            stats = client.stats()
            self.assertEqual(stats["curr_items"], "100")
            self.assertGreater(int(stats["bytes"]), 100 * 1000)
            self.assertLess(int(stats["bytes"]), 100 * 1200)
            for index in range(100):
                self.assertEqual(client.ask("delete k%d" % index), "DELETED")
            self.assertEqual(client.stats()["curr_items"], "0")
            self.assertEqual(client.stats()["bytes"], "0")

    def test_items_are_counted_by_size(self):
        node = self.start_node(extra=["-t", "2"])
        with node.client() as client:
            for index in range(100):
                client.set("k%d" % index, b"x" * (20 if index % 2 else 1000))
            sizes = {int(size): int(count) for size, count in client.stats("sizes").items()}
            self.assertEqual(sizes, {64: 50, 1024: 50})
            items, slabs = client.stats("items"), client.stats("slabs")
            numbers = {name.split(":")[1]: count for name, count in items.items()
                       if name.endswith(":number")}
            self.assertEqual(sorted(numbers.values()), ["50", "50"])
            for number, count in numbers.items():
                self.assertEqual(slabs[number + ":used_chunks"], count)
                self.assertLessEqual(int(items["items:%s:mem_requested" % number]),
                                     int(count) * int(slabs[number + ":chunk_size"]))
            self.assertEqual(slabs["active_slabs"], "2")
            self.assertEqual(slabs["segments_garbage_bytes"], "0")
            self.assertEqual(client.stats()["bytes"], slabs["segments_live_bytes"])
            self.assertEqual(client.ask("flush_all"), "OK")
            self.assertEqual(client.stats("sizes"), {})
            self.assertEqual(client.stats("slabs")["segments_live_bytes"], "0")

    def test_reset_clears_the_same_counters(self):
        results = []
        for server in (self.start_stock(), self.start_node()):
            self.converse(server)
            with server.client() as client:
                self.assertEqual(client.ask("stats reset"), "RESET")
                results.append(client.stats())
        stock, ours = results
        self.assertEqual({name: ours.get(name) for name in COUNTERS},
                         {name: stock[name] for name in COUNTERS})

    def test_settings(self):
        stock = self.start_stock().stats("settings")
        node = self.start_node()
        ours = node.stats("settings")
        for name in SETTINGS:
            with self.subTest(name):
                self.assertIn(name, stock)
                self.assertIn(name, ours)
        self.assertEqual({name: ours.get(name) for name in SETTINGS_EQUAL},
                         {name: stock[name] for name in SETTINGS_EQUAL})
        self.assertEqual(ours["tcpport"], str(node.port))

    def test_replication_of_a_pair(self):
        pair = self.start_pair()
        for node, state, peer_state in ((pair.first, "MASTER", "SLAVE"),
                                        (pair.second, "SLAVE", "MASTER")):
            stats = node.stats("replication")
            self.assertEqual(set(REPLICATION) - set(stats), set())
            for name in NUMBERS:
                self.assertRegex(stats[name], r"^\d+$", name)
            self.assertEqual((stats["role"], stats["state"], stats["peer_state"]),
                             (state, state, peer_state))
            self.assertEqual((stats["ack"], stats["peer_ack"]), ("pair", "pair"))
        ours, theirs = (node.stats("replication") for node in pair.nodes())
        self.assertEqual(ours["epoch"], theirs["epoch"])
        self.assertLessEqual(int(ours["log_bytes"]), int(ours["log_bytes_max"]))

    def test_replication_of_a_solo_node(self):
        stats = self.start_node().stats("replication")
        self.assertEqual((stats["role"], stats["state"]), ("MASTER", "SOLO"))

    def test_promotion_and_resync_are_counted(self):
        pair = self.start_pair()
        before = pair.second.replication()
        pair.first.kill9()
        after = pair.second.await_state("SOLO")
        self.assertEqual(after["role"], "MASTER")
        self.assertEqual(int(after["promotions"]), int(before["promotions"]) + 1)
        self.assertGreater(int(after["epoch"]), int(before["epoch"]))
        self.assertNotEqual(after["last_reason"], before["last_reason"])
        pair.first.restart()
        pair.await_in_sync(pair.second, pair.first)
        self.assertEqual(pair.first.stats()["replication"], "SLAVE")

    def test_forwards_are_counted_on_the_slave(self):
        pair = self.start_pair()
        before = int(pair.second.replication()["forwards"])
        with pair.second.client() as client:
            for index in range(10):
                self.assertEqual(client.set("k%d" % index, b"v"), "STORED")
        self.assertGreaterEqual(int(pair.second.replication()["forwards"]), before + 10)


if __name__ == "__main__":
    unittest.main()
