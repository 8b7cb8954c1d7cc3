"""Strangers on the replication port: whatever they send or do not send, they are shown the door
within a second, and the link of the pair does not notice."""

import random
import struct
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import TIME_SCALE, free_port, wait_until
from tests.e2e.wire import Client

# The handshake's own limit is a second; the rest is for a busy machine.
CLOSE_LIMIT_S = 1.0 + 0.3 * TIME_SCALE
MEGABYTE = 1 << 20
SEED = 20260723

# What must not move while strangers call.
LINK_STATS = ("role", "state", "epoch", "peer", "peer_state", "resyncs", "promotions")


def strangers():
    """Name -> the bytes a stranger sends before he waits."""
    numbers = random.Random(SEED)
    calls = {
        "a port scan that says nothing": b"",
        "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a memcached get": b"get key1\r\n",
        "a memcached set": b"set key1 0 0 3\r\nbad\r\n",
        "a memcached flush": b"flush_all\r\n",
        "memcached binary": b"\x80\x0a" + bytes(22),
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + numbers.randbytes(200),
        "Redis": b"*1\r\n$4\r\nPING\r\n",
        "one byte": b"\x00",
        "zeros": bytes(4096),
        "ones": b"\xff" * 4096,
        "random bytes": numbers.randbytes(4096),
        "many random bytes": numbers.randbytes(1000000),
        "lines": b"x\r\n" * 1000,
    }
    for name, length in (("zero", 0), ("small", 10), ("4 GiB", 0xffffffff), ("2 GiB", 0x7fffffff),
                         ("negative 64 bit", 0xffffffffffffffff)):
        for order in "<>":
            width = "Q" if length > 0xffffffff else "I"
            head = struct.pack(order + width, length)
            kind = "little" if order == "<" else "big"
            calls["length %s, %s endian, and nothing" % (name, kind)] = head
            calls["length %s, %s endian, and some" % (name, kind)] = head + numbers.randbytes(64)
    return calls


class Strangers:
    """The same calls at a pair's port and at a single listening node's."""

    def check_untouched(self):
        raise NotImplementedError

    def closed_in_time(self, name, data):
        began = time.monotonic()
        with Client(self.repl_port) as stranger:
            stranger.send(data)
            stranger.read_to_close(CLOSE_LIMIT_S)  # Raises Timeout when it stays open.
        took = time.monotonic() - began
        self.assertLess(took, CLOSE_LIMIT_S, name)

    def knock(self):
        """A stranger; None when it was one too many and closed before connect() was through."""
        try:
            return Client(self.repl_port)
        except ConnectionResetError:
            return None

    def await_open_files(self, before):
        """No more than before: what set the test up may not have been closed then."""
        wait_until("no more open files than %s" % before,
                   lambda: all(node.open_files() <= count
                               for node, count in zip(self.nodes, before)), 5 * TIME_SCALE)

    def test_each_stranger_alone(self):
        for name, data in strangers().items():
            with self.subTest(name):
                self.closed_in_time(name, data)
        self.check_untouched()

    def test_all_strangers_at_once(self):
        files = [node.open_files() for node in self.nodes]
        crowd = []
        for data in list(strangers().values()) * 3:
            stranger = self.knock()
            if stranger is None:
                continue
            self.addCleanup(stranger.close)
            stranger.send(data)
            crowd.append(stranger)
        deadline = time.monotonic() + CLOSE_LIMIT_S + 1.0 * TIME_SCALE
        for stranger in crowd:
            stranger.read_to_close(max(0.05, deadline - time.monotonic()))
        self.check_untouched()
        self.await_open_files(files)

    def test_who_leaves_at_once(self):
        files = [node.open_files() for node in self.nodes]
        for _ in range(200):
            stranger = self.knock()
            if stranger is not None:
                stranger.close()
        self.check_untouched()
        self.await_open_files(files)

    def test_a_byte_now_and_then_gains_no_time(self):
        began = time.monotonic()
        with Client(self.repl_port) as stranger:
            while time.monotonic() - began < CLOSE_LIMIT_S and not stranger.was_reset:
                stranger.send(b"\x01")
                time.sleep(0.05)
            stranger.read_to_close(0.3 * TIME_SCALE)
        self.check_untouched()

    def test_an_announced_giant_holds_no_memory(self):
        before = sum(node.resident_bytes() for node in self.nodes)
        crowd = []
        for _ in range(20):
            stranger = self.knock()
            if stranger is None:
                continue
            self.addCleanup(stranger.close)
            stranger.send(struct.pack("<I", 0x3fffffff) + bytes(200000))
            crowd.append(stranger)
        held = sum(node.resident_bytes() for node in self.nodes) - before
        self.assert_memory(held, 16 * MEGABYTE)
        self.check_untouched()


class PairTest(Strangers, NodeTestCase):

    def setUp(self):
        self.pair = self.start_pair()
        self.nodes = self.pair.nodes()
        self.repl_port = self.pair.repl_port
        self.before = [self.link(node) for node in self.nodes]

    @staticmethod
    def link(node):
        stats = node.replication()
        return {name: stats.get(name) for name in LINK_STATS}

    def check_untouched(self):
        self.assertEqual([self.link(node) for node in self.nodes], self.before)
        for node, other in (self.nodes, reversed(self.nodes)):
            with node.client() as writer, other.client() as reader:
                value = b"%d" % random.randrange(1 << 30)
                self.assertEqual(writer.set("untouched", value), "STORED")
                self.assertEqual(reader.get("untouched"), value)

    def test_strangers_while_clients_write(self):
        calls = list(strangers().values())
        with self.nodes[0].client() as writer, self.nodes[1].client() as reader:
            for index in range(300):
                with Client(self.repl_port) as stranger:
                    stranger.send(calls[index % len(calls)])
                    self.assertEqual(writer.set("k%d" % index, b"v%d" % index), "STORED")
                    self.assertEqual(reader.get("k%d" % index), b"v%d" % index)
        self.check_untouched()


class ListenerTest(Strangers, NodeTestCase):
    """A node with a replication port and no peer."""

    def setUp(self):
        self.repl_port = free_port()
        self.node = self.start_node(extra=["-X", str(self.repl_port)])
        self.nodes = [self.node]

    def check_untouched(self):
        self.assertEqual(self.node.replication().get("state"), "SOLO")
        with self.node.client() as client:
            self.assertEqual(client.set("k", b"v"), "STORED")
            self.assertEqual(client.get("k"), b"v")

    def test_a_peer_is_still_welcome(self):
        for data in strangers().values():
            try:
                with Client(self.repl_port) as stranger:
                    stranger.send(data)
            except (ConnectionResetError, BrokenPipeError):
                pass  # one too many at a time, which a node that is short of CPU may see
        with self.node.client() as client:
            self.assertEqual(client.set("k", b"v"), "STORED")
        joiner = self.start_node("joiner", repl_port=self.repl_port)
        joiner.await_state("SLAVE")
        with joiner.client() as client:
            self.assertEqual(client.get("k"), b"v")


if __name__ == "__main__":
    unittest.main()
