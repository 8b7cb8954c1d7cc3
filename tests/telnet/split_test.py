"""One short conversation, its input cut in two at every place, and sent byte by byte: a server may
never read meaning into where a segment ends. Runs against each kind of server it is given."""

import socket
import sys
import time
import unittest

from tests.e2e.case import NodeTestCase

# Each command brings its own beginning state, so that every round answers the same.
INPUT = (b"set k 5 0 4\r\na\r\nb\r\n"
         b"append k 0 0 1 noreply\r\n!\r\n"
         b"get k\r\n"
         b"set k 0 0 2\r\ntoolong\r\n"
         b"get  k none\n"
         b"set n 0 0 1\r\n9\r\n"
         b"incr n 1\r\n"
         b"nonsense\r\n\r\n"
         b"set k 0 0 0\r\n\r\n"
         b"touch k 9\r\n"
         b"delete k 0\r\n"
         b"get k\r\n"
         b"verbosity 0\r\n")
ANSWER = (b"STORED\r\n"
          b"VALUE k 5 5\r\na\r\nb!\r\nEND\r\n"
          b"CLIENT_ERROR bad data chunk\r\nERROR\r\n"
          b"VALUE k 5 5\r\na\r\nb!\r\nEND\r\n"
          b"STORED\r\n10\r\n"
          b"ERROR\r\nERROR\r\n"
          b"STORED\r\nTOUCHED\r\nDELETED\r\nEND\r\nOK\r\n")
GAP_S = 0.001  # Long enough for an idle server to read the first part by itself.


class SplitTest(NodeTestCase):

    def converse(self, port, parts):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for part in parts:
                connection.sendall(part)
                time.sleep(GAP_S)
            answer = b""
            while len(answer) < len(ANSWER):
                data = connection.recv(65536)
                if not data:
                    break
                answer += data
            return answer

    def check_every_split(self, port):
        self.assertEqual(self.converse(port, [INPUT]), ANSWER)
        self.assertEqual(self.converse(port, [INPUT[i:i + 1] for i in range(len(INPUT))]), ANSWER)
        for at in range(1, len(INPUT)):
            answer = self.converse(port, [INPUT[:at], INPUT[at:]])
            self.assertEqual(answer, ANSWER, "split at %d: %r | %r"
                             % (at, INPUT[max(0, at - 20):at], INPUT[at:at + 20]))

    def test_solo(self):
        self.check_every_split(self.start_node().port)

    def test_master_and_slave(self):
        pair = self.start_pair()
        self.check_every_split(pair.first.port)
        self.check_every_split(pair.second.port)

    def test_stock(self):
        self.check_every_split(self.start_stock().port)


if __name__ == "__main__":
    sys.exit(unittest.main())
