"""Asks a node on its client port who it is. Bounded; a silent node is no error."""

import socket
from typing import Dict, Optional

from deploy.node.ports import LOOPBACK

_ANSWER_BYTES_MAX = 64 * 1024


def replication_stats(port: int, seconds: float = 0.5) -> Optional[Dict[str, str]]:
    """`stats replication` as a dictionary; None if the node does not answer in time."""
    answer = _ask(port, b"stats replication\r\n", b"END\r\n", seconds)
    return None if answer is None else parse_stats(answer)


def general_stats(port: int, seconds: float = 2.0) -> Optional[Dict[str, str]]:
    answer = _ask(port, b"stats\r\n", b"END\r\n", seconds)
    return None if answer is None else parse_stats(answer)


def answers(port: int, seconds: float = 0.5) -> bool:
    """True if the node serves clients."""
    return _ask(port, b"version\r\n", b"\r\n", seconds) is not None


def replication_command(port: int, word: str, seconds: float = 10.0) -> str:
    """The line that answers `replication WORD`; empty if none came in time."""
    answer = _ask(port, b"replication %s\r\n" % word.encode("ascii"), b"\r\n", seconds)
    return "" if answer is None else answer.decode("utf-8", "replace").rstrip("\r\n")


def parse_stats(answer: bytes) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for line in answer.decode("utf-8", "replace").split("\r\n"):
        words = line.split(" ", 2)
        if words[0] == "STAT" and len(words) == 3:
            found[words[1]] = words[2]
    return found


def _ask(port: int, question: bytes, end: bytes, seconds: float) -> Optional[bytes]:
    try:
        with socket.create_connection((LOOPBACK, port), seconds) as link:
            link.settimeout(seconds)
            link.sendall(question)
            return _read_until(link, end)
    except OSError:
        return None


def _read_until(link: socket.socket, end: bytes) -> Optional[bytes]:
    answer = b""
    while not answer.endswith(end) and not answer.startswith(b"ERROR"):
        piece = link.recv(_ANSWER_BYTES_MAX)
        if not piece or len(answer) > _ANSWER_BYTES_MAX:
            return None
        answer += piece
    return answer
