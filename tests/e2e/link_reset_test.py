"""The link is reset under load while both processes live, also in the middle of a switchover: both
stay, nothing acknowledged is lost, each increment counts once. Needs the right to destroy sockets
(`ss -K`, root)."""

import random
import subprocess
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.counting_load import Load
from tests.e2e.nodes import TIME_SCALE, wait_until

ROUNDS = 15


class LinkResetTest(NodeTestCase):

    def start(self):
        """A pair whose STOREs are two, so that one may be ahead of the other; skips where sockets
        cannot be destroyed."""
        pair = self.start_pair(extra=["-t", "2"])
        if not self.reset(pair):
            self.skipTest("ss -K destroys no socket here")
        self.await_in_sync(pair)
        return pair

    @staticmethod
    def reset(pair):
        """Resets every connection of the replication port; False when there was none to reset."""
        port = pair.repl_port
        try:
            done = subprocess.run(
                ["ss", "-H", "-K", "state", "established",
                 "( dport = :%d or sport = :%d )" % (port, port)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        except OSError:
            return False
        return bool(done.stdout.strip())

    def await_in_sync(self, pair):
        def states():
            return sorted(node.replication().get("state", "") for node in pair.nodes())
        wait_until("MASTER and SLAVE", lambda: states() == ["MASTER", "SLAVE"], 10 * TIME_SCALE)

    def assert_counted(self, pair, load):
        for node in pair.nodes():
            self.assertTrue(node.running(), "%s ended:\n%s" % (node.name, node.log_text()[-500:]))
            with node.client() as client:
                for key, (acknowledged, sent) in load.counts.items():
                    self.assertIn(int(client.get(key)), range(acknowledged, sent + 1),
                                  (node.name, key))

    def test_a_reset_link_is_made_anew_without_a_client_error(self):
        pair = self.start()
        with Load(pair) as load:
            for _ in range(ROUNDS):
                time.sleep(0.1)
                self.reset(pair)
                time.sleep(0.05)
                self.await_in_sync(pair)
        self.assertEqual(load.wrong, [])
        self.assert_counted(pair, load)

    def test_a_reset_in_the_middle_of_a_switchover(self):
        pair = self.start()
        rng = random.Random(5)
        for number in range(ROUNDS):
            with Load(pair, tolerant=True) as load:
                time.sleep(0.1)
                asker = pair.nodes()[number % 2].client(timeout_s=10 * TIME_SCALE)
                asker.send_line("replication switchover")
                time.sleep(rng.random() * 0.006)
                self.reset(pair)
                time.sleep(0.2)
                asker.close()
            self.await_in_sync(pair)
            self.assert_counted(pair, load)


if __name__ == "__main__":
    unittest.main()
