"""TCP ports on the loopback address.

Free ports are taken from below the kernel's range for outgoing connections. Inside it a client that
dials a dead node again and again sooner or later connects to itself, and a restarted node can find
its port taken by the client side of some connection.
"""

import random
import socket
from typing import List

LOOPBACK = "127.0.0.1"
_LOWEST = 10240
_TRIES_MAX = 1000


def is_free(port: int) -> bool:
    """True if a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(count: int) -> List[int]:
    """Returns `count` different ports that were free a moment ago."""
    highest = _outgoing_first() - 1
    found: List[int] = []
    for _ in range(_TRIES_MAX):
        if len(found) == count:
            return found
        port = random.randint(_LOWEST, highest)
        if port not in found and is_free(port):
            found.append(port)
    raise OSError(f"no {count} free ports between {_LOWEST} and {highest}")


def _outgoing_first() -> int:
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as limits:
        return max(int(limits.read().split()[0]), _LOWEST + 1000)
