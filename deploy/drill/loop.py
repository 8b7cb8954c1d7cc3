"""A small event loop: ready sockets and timers, one thread.

It also measures itself: a drill that blames the pair for a pause must know how long the clients'
own process did not get the processor.
"""

import heapq
import itertools
import select
import time
from typing import Callable, Dict, List, Tuple

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT

_TICK_S = 0.005


class Loop:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: Dict[int, Callable[[int], None]] = {}
        self._timers: List[Tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._running = True
        self.longest_stall = 0.0

    @staticmethod
    def now() -> float:
        return time.monotonic()

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (when, next(self._numbers), action))

    def call_after(self, seconds: float, action: Callable[[], None]) -> None:
        self.call_at(self.now() + seconds, action)

    def watch(self, fd: int, events: int, handler: Callable[[int], None]) -> None:
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        """REQUIRES: fd is still open."""
        del self._handlers[fd]
        self._epoll.unregister(fd)

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        self._tick(self.now() + _TICK_S)
        while self._running:
            wait = max(0.0, self._timers[0][0] - self.now())
            for fd, events in self._epoll.poll(wait):
                handler = self._handlers.get(fd)
                if handler is not None:
                    handler(events)
            self._run_timers()

    def _run_timers(self) -> None:
        now = self.now()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def _tick(self, due: float) -> None:
        now = self.now()
        self.longest_stall = max(self.longest_stall, now - due)
        self.call_at(now + _TICK_S, lambda: self._tick(now + _TICK_S))
