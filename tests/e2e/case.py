"""A test case whose servers end with it, also when it fails; it says how each of them ended."""

import os
import sys
import unittest

from tests.e2e.nodes import Node, Pair, StockMemcached

# Sanitizers keep freed memory and count everything twice: nothing can be said about memory then.
SANITIZED = os.environ.get("TEST_SANITIZED") == "1"


class NodeTestCase(unittest.TestCase):
    """Start servers with start_*, clients with connect; both end with the test."""

    def start_node(self, *args, **kwargs):
        return self.adopt(Node(*args, **kwargs)).start()

    def start_stock(self, **kwargs):
        return self.adopt(StockMemcached(**kwargs)).start()

    def start_pair(self, **kwargs):
        pair = Pair(**kwargs)
        self.adopt(pair.first)
        self.adopt(pair.second)  # Ended first: then the master hands over to nobody.
        return pair.start()

    def assert_memory(self, held, limit, what=""):
        """`held` bytes more than before are less than `limit`."""
        if not SANITIZED:
            self.assertLess(held, limit, what)

    def connect(self, node, **options):
        """A client of the node that is closed with the test."""
        client = node.client(**options)
        self.addCleanup(client.close)
        return client

    def adopt(self, node):
        self.addCleanup(self._end, node)
        return node

    def _end(self, node):
        try:
            wrong = node.stop()
            print("---- log of %s (exit codes %s)\n%s----"
                  % (node.name, node.exit_codes, node.log_text()[-4000:]), file=sys.stderr)
            self.assertIsNone(wrong)
        finally:
            node.destroy()
