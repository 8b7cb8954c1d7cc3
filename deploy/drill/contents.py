"""Reads back what a node holds. Blocking; for the comparison at the end of a drill."""

import socket
import time
from typing import Dict, Iterable, Iterator, List, Tuple

from deploy.drill.journal import Times
from deploy.drill.operation import MISS, VALUE, Answer, Operation, value_token
from deploy.node.ports import LOOPBACK

_KEYS_PER_GET = 100
_LIMIT_S = 10.0


class ContentsError(Exception):
    """The node did not answer, or answered something else than values."""


def read_contents(port: int, keys: Iterable[str]) -> Iterator[Tuple[Operation, Times, Answer]]:
    """Every key once, as if each were read by a get of its own."""
    wanted = list(keys)
    try:
        with socket.create_connection((LOOPBACK, port), _LIMIT_S) as link, \
                link.makefile("rb") as answers:
            for begin in range(0, len(wanted), _KEYS_PER_GET):
                some = wanted[begin:begin + _KEYS_PER_GET]
                sent = time.monotonic()
                found = _get(link, answers, some)
                times = (sent, time.monotonic())
                for key in some:
                    answer = Answer(VALUE, found[key]) if key in found else Answer(MISS)
                    yield Operation("get", key), times, answer
    except OSError as error:
        raise ContentsError(f"port {port}: {error}") from error


def _get(link: socket.socket, answers, keys: List[str]) -> Dict[str, str]:
    """The tokens of the values that are there."""
    link.sendall(b"get " + " ".join(keys).encode("ascii") + b"\r\n")
    found: Dict[str, str] = {}
    while True:
        line = answers.readline()
        if line == b"END\r\n":
            return found
        words = line.split()
        if len(words) != 4 or words[0] != b"VALUE":
            raise ContentsError(f"answered {line!r} to a get")
        value = answers.read(int(words[3]) + 2)[:-2]
        key = words[1].decode("ascii")
        found[key] = value_token(key, value)
