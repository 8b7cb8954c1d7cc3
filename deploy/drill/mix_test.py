"""What a client does next, and which keys it leaves alone."""

import unittest
from typing import List

from deploy.drill.mix import Mix, Names, SharedNames
from deploy.drill.operation import (MISS, NOT_FOUND, NOT_STORED, STORED, VALUE, Answer, Operation)

_MANY = 2000


def _mix(index: int = 3, home: int = 0, new_keys: int = _MANY) -> Mix:
    left = [new_keys]

    def take() -> bool:
        left[0] -= 1
        return left[0] >= 0
    return Mix(index, home, SharedNames(2), take)


class MixTest(unittest.TestCase):
    def _many(self, mix: Mix) -> List[Operation]:
        return [mix.next() for _ in range(_MANY)]

    def test_all_kinds_come(self) -> None:
        kinds = {operation.kind for operation in self._many(_mix())}
        self.assertEqual(kinds, {"set", "delete", "incr", "add", "gets"})

    def test_no_token_comes_twice(self) -> None:
        tokens = [operation.token for operation in self._many(_mix()) if operation.token]
        self.assertEqual(len(tokens), len(set(tokens)))

    def test_new_keys_have_an_end(self) -> None:
        keys = {operation.key for operation in self._many(_mix(new_keys=5))}
        self.assertLessEqual(sum(key.startswith("new:") for key in keys), 5)

    def test_counters_of_the_other_nodes_clients_are_left_alone(self) -> None:
        keys = {operation.key for operation in self._many(_mix(home=1))}
        self.assertFalse(any(key.startswith("counter:a:") for key in keys))
        self.assertTrue(any(key.startswith("counter:b:") for key in keys))
        self.assertTrue(any(key.startswith("counter:all:") for key in keys))

    def test_an_owner_reads_and_unlocks(self) -> None:
        mix = _mix()
        mix.answered(Operation("add", "lock:1", "w3.1"), Answer(STORED))
        self.assertEqual([mix.next().kind, mix.next().kind], ["get", "delete"])

    def test_what_follows_an_answer(self) -> None:
        for operation, answer, follows in (
                (Operation("incr", "counter:a:1"), Answer(NOT_FOUND), ("add", "0", 0)),
                (Operation("gets", "register:1"), Answer(MISS), ("add", "w3.1", 0)),
                (Operation("gets", "register:1"), Answer(VALUE, "w1.1", cas=8),
                 ("cas", "w3.1", 8))):
            mix = _mix()
            mix.answered(operation, answer)
            found = mix.next()
            self.assertEqual((found.key, found.kind, found.token, found.cas),
                             (operation.key, *follows))

    def test_who_did_not_get_the_lock_does_not_unlock(self) -> None:
        mix = _mix()
        mix.answered(Operation("add", "lock:1", "w3.1"), Answer(NOT_STORED))
        self.assertNotEqual((mix.next().kind, mix.next().kind), ("get", "delete"))

    def test_a_key_without_an_answer_is_used_no_more(self) -> None:
        mix = _mix()
        for kind in ("counter:a", "counter:all", "lock", "register", "hot:3"):
            mix.unanswered(Operation("set", f"{kind}:1"))
        used = {operation.key for operation in self._many(mix)}
        for kind in ("counter:a", "counter:all", "lock", "register", "hot:3"):
            self.assertNotIn(f"{kind}:1", used)
            self.assertTrue(any(key.startswith(f"{kind}:") for key in used), kind)

    def test_an_owner_that_lost_its_connection_does_not_unlock_later(self) -> None:
        mix = _mix()
        mix.answered(Operation("add", "lock:1", "w3.1"), Answer(STORED))
        mix.unanswered(mix.next())
        self.assertNotIn(("delete", "lock:1"),
                         [(operation.kind, operation.key) for operation in self._many(mix)])


class NamesTest(unittest.TestCase):
    def test_a_retired_name_is_replaced_by_a_new_one(self) -> None:
        names = Names("k", 1)
        names.retire("k:1")
        self.assertEqual(names.pick(), "k:2")

    def test_the_name_of_another_kind_is_nothing(self) -> None:
        names = Names("k", 1)
        names.retire("other:1")
        self.assertEqual(names.pick(), "k:1")


if __name__ == "__main__":
    unittest.main()
