"""What is compared: which server, with which poller, with how many threads. Pure."""

from dataclasses import dataclass
from typing import List, Sequence

MEMCACHED, FLOOR, SOLO = "memcached", "floor", "solo"
PAIR, PAIR_LOCAL = "pair, ack=pair", "pair, ack=local"
IO_URING, EPOLL = "io_uring", "epoll"


@dataclass(frozen=True)
class Kind:
    """`poller` is empty for memcached; of a pair, both nodes have it.

    A floor has one thread; `threads` of them are as many processes that share the connections.
    """

    server: str
    poller: str = ""
    threads: int = 1

    @property
    def name(self) -> str:
        several = f"{self.threads} processes" if self.server == FLOOR else f"-t {self.threads}"
        return ", ".join([self.server] + ([self.poller] if self.poller else []) +
                         ([several] if self.threads > 1 else []))


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for. `pollers`: of twincached, the first is the one that counts.

    The floor comes in both, if it is wanted, and beside several threads as so many processes.
    """

    pollers: Sequence[str]
    threads: Sequence[int] = (1,)
    pair: bool = False
    floor: bool = True


def kinds(wanted: Wanted) -> List[Kind]:
    """All that is started, in the order of the table."""
    found: List[Kind] = []
    for threads in wanted.threads:
        found.append(Kind(MEMCACHED, threads=threads))
        if wanted.floor and threads == 1:
            found += [Kind(FLOOR, IO_URING), Kind(FLOOR, EPOLL)]
        elif wanted.floor:
            found.append(Kind(FLOOR, IO_URING, threads))
        found += [Kind(SOLO, poller, threads) for poller in wanted.pollers]
        if wanted.pair and threads == 1:
            found += [Kind(server, wanted.pollers[0]) for server in (PAIR, PAIR_LOCAL)]
    return found
