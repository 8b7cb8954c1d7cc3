"""libmemcached's own conformance test, `memccapable -a` (27 ascii tests), against a node, both
nodes of a pair, and Debian's memcached as the oracle that says the tests are fair."""

import re
import subprocess
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import HOST, installed

TESTS = 27


class MemccapableTest(NodeTestCase):

    def check(self, port):
        program = installed("memccapable", "libmemcached-tools")
        run = subprocess.run([program, "-h", HOST, "-p", str(port), "-a"], text=True, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        passed = re.findall(r"\[pass\]", run.stdout)
        self.assertNotIn("[FAIL]", run.stdout)
        self.assertEqual(len(passed), TESTS, run.stdout)
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_stock(self):
        self.check(self.start_stock().port)

    def test_solo(self):
        self.check(self.start_node().port)

    def test_both_nodes_of_a_pair(self):
        pair = self.start_pair()
        self.check(pair.first.port)
        self.check(pair.second.port)


if __name__ == "__main__":
    unittest.main()
