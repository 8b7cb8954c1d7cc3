"""What the clients of a drill did, as the text form of a history that check_history reads
(tests/history/history_file.h has the grammar)."""

from typing import List, Tuple

from deploy.drill.operation import EXISTS, MISS, NOT_FOUND, NOT_STORED, NUMBER, VALUE
from deploy.drill.operation import Answer, Operation

# When it was sent, and when it was answered or given up; seconds.
Times = Tuple[float, float]

_WRITES = ("set", "add", "cas")
_NOT = (NOT_STORED, NOT_FOUND, MISS)


class Journal:
    """Lines come in any order; close() writes them in that of their first times, behind what is in
    the file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: List[Tuple[int, str]] = []

    def answered(self, client: int, operation: Operation, times: Times, answer: Answer) -> None:
        self._add(times, f"{client} {_command(operation)} {_answer(answer)}")

    def unanswered(self, client: int, operation: Operation, times: Times) -> None:
        self._add(times, f"{client} {_command(operation)} unknown")

    def wiped(self, times: Times) -> None:
        """Every copy was destroyed between the two times."""
        self._allow("wipe", times)

    def forked(self, times: Times) -> None:
        """Both nodes served alone between the two times."""
        self._allow("fork", times)

    def close(self) -> None:
        self._lines.sort(key=lambda line: line[0])
        with open(self._path, "a", encoding="ascii") as file:
            file.writelines(line for _, line in self._lines)
        self._lines.clear()

    def _allow(self, what: str, times: Times) -> None:
        begin_us, end_us = _microseconds(times)
        self._lines.append((begin_us, f"{what} {begin_us} {end_us}\n"))

    def _add(self, times: Times, text: str) -> None:
        begin_us, end_us = _microseconds(times)
        self._lines.append((begin_us, f"{begin_us} {end_us} {text}\n"))


def _microseconds(times: Times) -> Tuple[int, int]:
    return int(times[0] * 1e6), int(times[1] * 1e6) + 1


def _command(operation: Operation) -> str:
    text = f"{operation.kind} {operation.key}"
    if operation.kind in _WRITES:
        text += f" value={operation.token}"
    if operation.kind == "cas":
        text += f" id={operation.cas}"
    return text + " delta=1" if operation.kind == "incr" else text


def _answer(answer: Answer) -> str:
    if answer.word in _NOT:
        return "not"
    if answer.word == EXISTS:
        return "exists"
    if answer.word == NUMBER:
        return f"ok number={answer.number}"
    if answer.word == VALUE:
        return f"ok value={answer.token}" + (f" id={answer.cas}" if answer.cas else "")
    return "ok"
