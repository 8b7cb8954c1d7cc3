"""Reads back what a node holds. Blocking; for the comparison at the end of a drill."""

import socket
from typing import Dict, Iterable, List

from deploy.node.ports import LOOPBACK

_KEYS_PER_GET = 100
_LIMIT_S = 10.0


class ContentsError(Exception):
    """The node did not answer, or answered something else than values."""


def read_contents(port: int, keys: Iterable[str]) -> Dict[str, bytes]:
    """The values of those keys that the node has."""
    wanted = list(keys)
    found: Dict[str, bytes] = {}
    try:
        with socket.create_connection((LOOPBACK, port), _LIMIT_S) as link, \
                link.makefile("rb") as answers:
            for begin in range(0, len(wanted), _KEYS_PER_GET):
                _get(link, answers, wanted[begin:begin + _KEYS_PER_GET], found)
    except OSError as error:
        raise ContentsError(f"port {port}: {error}") from error
    return found


def _get(link: socket.socket, answers, keys: List[str], found: Dict[str, bytes]) -> None:
    link.sendall(b"get " + " ".join(keys).encode("ascii") + b"\r\n")
    while True:
        line = answers.readline()
        if line == b"END\r\n":
            return
        words = line.split()
        if len(words) != 4 or words[0] != b"VALUE":
            raise ContentsError(f"answered {line!r} to a get")
        value = answers.read(int(words[3]) + 2)
        found[words[1].decode("ascii")] = value[:-2]
