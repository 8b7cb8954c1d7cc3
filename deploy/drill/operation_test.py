"""Requests and answers as they are on the wire, whole and in parts."""

import unittest

from deploy.drill.operation import (MISS, NOT_STORED, NUMBER, STORED, VALUE, Answer, Operation,
                                    UnexpectedAnswer, make_value, take_answer, value_token)


class RequestTest(unittest.TestCase):
    def test_each_kind(self) -> None:
        value = make_value("k", "w1.1")
        self.assertEqual(len(value), 100)
        for operation, request in (
                (Operation("get", "k"), b"get k\r\n"),
                (Operation("gets", "k"), b"gets k\r\n"),
                (Operation("delete", "k"), b"delete k\r\n"),
                (Operation("incr", "k"), b"incr k 1\r\n"),
                (Operation("add", "k", "0"), b"add k 0 0 1\r\n0\r\n"),
                (Operation("set", "k", "w1.1"), b"set k 0 0 100\r\n%s\r\n" % value),
                (Operation("cas", "k", "w1.1", 7), b"cas k 0 0 100 7\r\n%s\r\n" % value)):
            self.assertEqual(operation.request(), request)


class AnswerTest(unittest.TestCase):
    def _take(self, operation: Operation, data: bytes) -> Answer:
        """The answer to the whole, which no part of it may give."""
        for size in range(len(data)):
            self.assertIsNone(take_answer(operation, data[:size]), data[:size])
        taken = take_answer(operation, data + b"STORED\r\n")
        assert taken is not None
        self.assertEqual(taken[1], len(data))
        return taken[0]

    def test_lines(self) -> None:
        self.assertEqual(self._take(Operation("set", "k", "w"), b"STORED\r\n"), Answer(STORED))
        self.assertEqual(self._take(Operation("add", "k", "w"), b"NOT_STORED\r\n"),
                         Answer(NOT_STORED))
        self.assertEqual(self._take(Operation("incr", "k"), b"42\r\n"), Answer(NUMBER, number=42))

    def test_values(self) -> None:
        value = make_value("k", "w1.1")
        self.assertEqual(self._take(Operation("get", "k"), b"END\r\n"), Answer(MISS))
        self.assertEqual(
            self._take(Operation("get", "k"), b"VALUE k 0 100\r\n%s\r\nEND\r\n" % value),
            Answer(VALUE, "w1.1"))
        self.assertEqual(
            self._take(Operation("gets", "k"), b"VALUE k 0 100 9\r\n%s\r\nEND\r\n" % value),
            Answer(VALUE, "w1.1", cas=9))

    def test_only_answers_that_change_something_are_writes(self) -> None:
        self.assertTrue(Answer(STORED).changed())
        self.assertTrue(Answer(NUMBER, number=1).changed())
        self.assertFalse(Answer(NOT_STORED).changed())
        self.assertFalse(Answer(MISS).changed())

    def test_other_answers_are_named(self) -> None:
        for operation, data in ((Operation("set", "k", "w"), b"SERVER_ERROR out of memory\r\n"),
                                (Operation("set", "k", "w"), b"NOT_STORED\r\n"),
                                (Operation("get", "k"), b"STORED\r\n"),
                                (Operation("get", "k"), b"VALUE other 0 1\r\nx\r\nEND\r\n")):
            with self.assertRaisesRegex(UnexpectedAnswer, data.split()[0].decode()):
                take_answer(operation, data)


class ValueTest(unittest.TestCase):
    def test_token_comes_back(self) -> None:
        for token in ("w1.1", "0", "123"):
            self.assertEqual(value_token("k", make_value("k", token)), token)

    def test_what_no_client_wrote_is_no_token(self) -> None:
        whole = make_value("k", "w1.1")
        for value in (whole[:-1], whole + b"x", make_value("other", "w1.1"), b"", b"-1", b"\xff"):
            self.assertEqual(value_token("k", value), "damaged", value)


if __name__ == "__main__":
    unittest.main()
