"""1,000 sessions, each locked with `add` by every one of 8 clients, half of them on either node, as
PHP's session handlers do: never two owners.

    LOCKED_SESSIONS=100   fewer, for a hurry
"""

import os
import threading
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.crowd import run_crowd

CLIENTS_PER_NODE = 4
SESSIONS = int(os.environ.get("LOCKED_SESSIONS", "1000"))


class LocksTest(NodeTestCase):

    def setUp(self):
        self.pair = self.start_pair()
        self.guard = threading.Lock()
        self.owners = {}
        self.locked = 0
        self.refused = 0

    def own(self, session, index):
        """From the answer to add until before the delete is sent: within what the nodes hold."""
        with self.guard:
            self.assertIsNone(self.owners.get(session), "%s has two owners" % session)
            self.owners[session] = index
            self.locked += 1

    def disown(self, session):
        with self.guard:
            del self.owners[session]

    def lock_all(self, node, index):
        """Every session in turn, all clients in one order, so that they meet at each."""
        name = b"client%d" % index
        with node.client() as client, self.pair.other(node).client() as other:
            for number in range(SESSIONS):
                self.lock(client, other, "session%d.lock" % number, name)

    def lock(self, client, other, session, name):
        request = b"add %s 0 30 %d\r\n%s\r\n" % (session.encode(), len(name), name)
        while True:
            client.send(request)
            answer = client.read_line()
            if answer == b"STORED":
                break
            self.assertEqual(answer, b"NOT_STORED")
            self.refused += 1
        self.own(session, name)
        for reader in (client, other):
            self.assertEqual(reader.get(session), name)
        self.disown(session)
        self.assertEqual(client.ask("delete " + session), "DELETED")

    def test_never_two_owners(self):
        run_crowd(self.pair.nodes(), CLIENTS_PER_NODE, self.lock_all)
        self.assertEqual(self.locked, 2 * CLIENTS_PER_NODE * SESSIONS)
        # Else the clients never met, and nothing was shown.
        self.assertGreater(self.refused, 0)
        for node in self.pair.nodes():
            with node.client() as client:
                for number in range(SESSIONS):
                    self.assertIsNone(client.get("session%d.lock" % number))


if __name__ == "__main__":
    unittest.main()
