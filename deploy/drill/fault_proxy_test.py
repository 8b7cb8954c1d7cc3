"""The proxy between two plain sockets: `left` dials `right` through it."""

import select
import socket
import time
import unittest

from deploy.drill.fault_proxy import FaultProxy
from deploy.drill.lane import FORWARD, Shape
from deploy.node.ports import LOOPBACK, free_ports

_LIMIT_S = 10.0
_MOMENT_S = 0.05


class FaultProxyTest(unittest.TestCase):
    def setUp(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(_LIMIT_S)
        self.addCleanup(self._listener.close)
        targets = {"left": 1, "right": self._listener.getsockname()[1]}
        self.proxy = FaultProxy(targets, dict(zip(targets, free_ports(len(targets)))))
        self.addCleanup(self.proxy.close)
        for name in targets:
            self.proxy.set_present(name, True)
        self.left, self.right = self._link()

    def _link(self) -> tuple:
        left = socket.create_connection((LOOPBACK, self.proxy.ports["left"]), _LIMIT_S)
        right, _ = self._listener.accept()
        right.settimeout(_LIMIT_S)
        self.addCleanup(left.close)
        self.addCleanup(right.close)
        return left, right

    def _silent(self, end: socket.socket) -> bool:
        return not select.select([end], [], [], _MOMENT_S)[0]

    def _read(self, end: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = end.recv(count - len(data))
            if not piece:
                break
            data += piece
        return data

    def _assert_reset(self, end: socket.socket) -> None:
        with self.assertRaises(ConnectionResetError):
            while end.recv(100):
                pass

    def test_forwards_both_ways(self) -> None:
        self.left.sendall(b"there")
        self.assertEqual(self._read(self.right, 5), b"there")
        self.right.sendall(b"back")
        self.assertEqual(self._read(self.left, 4), b"back")

    def test_forwards_much_to_a_reader_that_starts_late(self) -> None:
        data = bytes(range(256)) * 8192
        self.left.setblocking(False)
        sent = 0
        received = b""
        while len(received) < len(data):
            if sent < len(data):
                try:
                    sent += self.left.send(data[sent:sent + 65536])
                    continue
                except BlockingIOError:
                    pass
            received += self.right.recv(65536)
        self.assertEqual(received, data)

    def test_the_end_of_one_direction_leaves_the_other(self) -> None:
        self.left.sendall(b"last")
        self.left.shutdown(socket.SHUT_WR)
        self.assertEqual(self._read(self.right, 5), b"last")
        self.right.sendall(b"answer")
        self.right.close()
        self.assertEqual(self._read(self.left, 7), b"answer")

    def test_a_reset_of_one_node_is_passed_on(self) -> None:
        self.left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.left.close()
        self._assert_reset(self.right)

    def test_nobody_behind_it_is_a_reset(self) -> None:
        with self.assertRaises(ConnectionResetError):
            with socket.create_connection((LOOPBACK, self.proxy.ports["right"])) as stranger:
                stranger.recv(1)

    def test_delays_one_direction(self) -> None:
        self.proxy.shape("left", Shape(delay_s=0.2))
        began = time.monotonic()
        self.left.sendall(b"x")
        self.right.sendall(b"y")
        self.assertEqual(self._read(self.left, 1), b"y")
        self.assertEqual(self._read(self.right, 1), b"x")
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_stalls_one_direction_and_keeps_it_open(self) -> None:
        self.proxy.shape("left", Shape(stalled=True))
        self.left.sendall(b"x")
        self.assertTrue(self._silent(self.right))
        self.right.sendall(b"y")
        self.assertEqual(self._read(self.left, 1), b"y")
        self.proxy.shape("left", FORWARD)
        self.assertEqual(self._read(self.right, 1), b"x")

    def test_a_new_connection_is_stalled_as_well(self) -> None:
        self.proxy.shape("left", Shape(stalled=True))
        left, right = self._link()
        left.sendall(b"x")
        self.assertTrue(self._silent(right))

    def test_a_stall_of_both_directions_hides_a_death(self) -> None:
        for name in ("left", "right"):
            self.proxy.shape(name, Shape(stalled=True))
        self.left.close()
        self.assertTrue(self._silent(self.right))
        self.proxy.shape("left", FORWARD)
        self.assertEqual(self.right.recv(1), b"")

    def test_limits_the_rate(self) -> None:
        self.proxy.shape("left", Shape(bytes_per_s=100_000.0))
        began = time.monotonic()
        self.left.sendall(b"x" * 20_000)
        self.assertEqual(len(self._read(self.right, 20_000)), 20_000)
        self.assertGreaterEqual(time.monotonic() - began, 0.15)

    def test_resets_both_sides_and_goes_on_accepting(self) -> None:
        self.assertEqual(self.proxy.reset(), 1)
        self._assert_reset(self.left)
        self._assert_reset(self.right)
        self.left, self.right = self._link()
        self.test_forwards_both_ways()

    def test_corrupts_one_byte(self) -> None:
        self.proxy.corrupt("left")
        self.left.sendall(b"aaaa")
        received = self._read(self.right, 4)
        self.assertEqual(sum(byte != ord("a") for byte in received), 1)

    def test_truncates_then_closes(self) -> None:
        self.proxy.truncate("right")
        self.right.sendall(b"abcdefgh")
        self.assertEqual(self._read(self.left, 9), b"abcd")
        self.assertEqual(self._read(self.right, 1), b"")

    def test_who_dials_an_absent_node_is_refused(self) -> None:
        self.proxy.set_present("right", False)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, self.proxy.ports["left"]), _LIMIT_S)
        self.test_forwards_both_ways()
        self.proxy.set_present("right", True)
        self.left, self.right = self._link()
        self.test_forwards_both_ways()

    def test_nobody_listens_after_close(self) -> None:
        self.proxy.close()
        self._assert_reset(self.right)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, self.proxy.ports["left"]), _LIMIT_S)


if __name__ == "__main__":
    unittest.main()
