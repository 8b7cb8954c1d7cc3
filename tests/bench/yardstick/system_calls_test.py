"""What perf and strace print is read right."""

import unittest

from tests.bench.yardstick import system_calls

PERF = """# started on Sun Nov 29 10:43:01 2026

203456,,raw_syscalls:sys_enter,1003213370,100.00,,
"""
STRACE = """    calls syscall
--------- ----------------
   101000 sendmsg
   102233 read
--------- ----------------
   203233 total
"""


class SystemCallsTest(unittest.TestCase):

    def test_perf(self):
        self.assertEqual(system_calls.perf_count(PERF), 203456)
        self.assertIsNone(system_calls.perf_count("<not counted>,,raw_syscalls:sys_enter,0,100.0"))
        self.assertIsNone(system_calls.perf_count("Access to performance monitoring is limited"))

    def test_strace(self):
        self.assertEqual(system_calls.strace_count(STRACE), 203233)
        self.assertIsNone(system_calls.strace_count("strace: Process 7 attached\n"))

    def test_what_counted_is_said(self):
        self.assertEqual(system_calls.tool_name("perf"), "perf stat")
        self.assertIn("not counted", system_calls.tool_name(None))


if __name__ == "__main__":
    unittest.main()
