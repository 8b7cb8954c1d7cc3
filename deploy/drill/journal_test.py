"""Lines as check_history reads them."""

import tempfile
import unittest
from typing import Optional

from deploy.drill.journal import Journal
from deploy.drill.operation import (DELETED, EXISTS, MISS, NOT_FOUND, NOT_STORED, NUMBER, STORED,
                                    VALUE, Answer, Operation)


class JournalTest(unittest.TestCase):
    def setUp(self) -> None:
        self._file = tempfile.NamedTemporaryFile("r", encoding="ascii")
        self.addCleanup(self._file.close)
        self._journal = Journal(self._file.name)

    def _lines(self) -> list:
        self._journal.close()
        self._file.seek(0)
        return self._file.read().splitlines()

    def _line(self, operation: Operation, answer: Optional[Answer]) -> str:
        if answer is None:
            self._journal.unanswered(7, operation, (1.0, 2.0))
        else:
            self._journal.answered(7, operation, (1.0, 2.0), answer)
        line = self._lines()[-1]
        self.assertTrue(line.startswith("1000000 2000001 7 "))
        return line.split(" ", 3)[3]

    def test_each_kind_and_answer(self) -> None:
        cas = Operation("cas", "k", "w1", 5)
        for operation, answer, line in (
                (Operation("set", "k", "w1"), Answer(STORED), "set k value=w1 ok"),
                (Operation("add", "k", "w1"), Answer(NOT_STORED), "add k value=w1 not"),
                (cas, Answer(STORED), "cas k value=w1 id=5 ok"),
                (cas, Answer(EXISTS), "cas k value=w1 id=5 exists"),
                (cas, Answer(NOT_FOUND), "cas k value=w1 id=5 not"),
                (Operation("delete", "k"), Answer(DELETED), "delete k ok"),
                (Operation("incr", "k"), Answer(NUMBER, number=3), "incr k delta=1 ok number=3"),
                (Operation("incr", "k"), Answer(NOT_FOUND), "incr k delta=1 not"),
                (Operation("get", "k"), Answer(VALUE, "w1"), "get k ok value=w1"),
                (Operation("get", "k"), Answer(MISS), "get k not"),
                (Operation("gets", "k"), Answer(VALUE, "w1", cas=5), "gets k ok value=w1 id=5"),
                (Operation("set", "k", "w1"), None, "set k value=w1 unknown")):
            self.assertEqual(self._line(operation, answer), line)

    def test_lines_are_in_the_order_of_their_first_times(self) -> None:
        self._journal.answered(1, Operation("get", "b"), (3.0, 4.0), Answer(MISS))
        self._journal.answered(2, Operation("get", "a"), (2.0, 5.0), Answer(MISS))
        self._journal.wiped((2.5, 2.75))
        self._journal.forked((1.0, 1.5))
        self.assertEqual([line.split(" ")[0] for line in self._lines()],
                         ["fork", "2000000", "wipe", "3000000"])

    def test_what_comes_later_is_appended(self) -> None:
        self._journal.wiped((1.0, 2.0))
        self._journal.close()
        self._journal.wiped((3.0, 4.0))
        self.assertEqual(self._lines(), ["wipe 1000000 2000001", "wipe 3000000 4000001"])


if __name__ == "__main__":
    unittest.main()
