"""A TCP proxy between the two nodes of a pair, for faults that the kernel has no command for.

Each node dials a port of the proxy instead of the other node's replication port. Whoever dialled,
what one node sends is shaped and spoiled by that node's Faults (lane.py): both directions of the
link apart. The nodes' probe ports are reached directly, so a reset is seen with both nodes alive.

One thread with an event loop of its own. The public methods may be called from any other thread;
each has taken effect when it returns.
"""

import random
import socket
import struct
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, Callable, Deque, Dict, List, Optional

from deploy.drill.lane import Faults, Lane, Shape
from deploy.drill.loop import READABLE, WRITABLE, Loop
from deploy.node.ports import LOOPBACK

_PIECE_BYTES = 64 * 1024
_CONNECTIONS_MAX = 64
_ANSWER_LIMIT_S = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FaultProxy:
    """ports[name] is what that node dials; targets[name] is the port that node listens on. Who
    dials a node that is not present is refused, as if there were no proxy; at first none is."""

    def __init__(self, targets: Dict[str, int], ports: Dict[str, int]) -> None:
        assert len(targets) == 2 and set(ports) == set(targets)
        self.ports = ports
        self._faults = {name: Faults(random.random) for name in targets}
        self._targets = targets
        self._loop = Loop()
        self._links: List[_Link] = []
        self._orders: Deque[Callable[[], None]] = deque()
        self._bell, self._far_bell = socket.socketpair()
        self._listeners: Dict[str, socket.socket] = {}  # By whom they lead to.
        self._loop.watch(self._far_bell.fileno(), READABLE, self._on_bell)
        self._thread = threading.Thread(target=self._loop.run, daemon=True)
        self._thread.start()

    def set_present(self, name: str, present: bool) -> None:
        """The node runs now, or has ended."""
        self._do(self._open_or_close, name, present)

    def shape(self, sender: str, shape: Shape) -> None:
        """From now on what the sender sends is treated so, on every connection."""
        self._do(self._set_shape, sender, shape)

    def corrupt(self, sender: str) -> None:
        """Flips one bit in the next piece that the sender sends."""
        self._do(self._faults[sender].corrupt)

    def truncate(self, sender: str) -> None:
        """Cuts the next piece of the sender in half, then ends that connection."""
        self._do(self._faults[sender].truncate)

    def reset(self) -> int:
        """RST to both nodes on every connection; returns how many there were."""
        return self._do(self._reset_all)

    def close(self) -> None:
        """Resets what is open and ends the thread; afterwards nobody listens."""
        if not self._thread.is_alive():
            return
        self._do(self._reset_all)
        self._do(self._loop.stop)
        self._thread.join()
        for opened in (*self._listeners.values(), self._bell, self._far_bell):
            opened.close()

    # On the proxy's thread.

    def _do(self, action: Callable[..., Any], *arguments: Any) -> Any:
        done: Future = Future()
        self._orders.append(lambda: _settle(done, action, arguments))
        self._bell.send(b"x")
        return done.result(_ANSWER_LIMIT_S)

    def _on_bell(self, events: int) -> None:
        self._far_bell.recv(_PIECE_BYTES)
        while self._orders:
            self._orders.popleft()()

    def _reset_all(self) -> int:
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    def _set_shape(self, sender: str, shape: Shape) -> None:
        self._faults[sender].shape = shape
        for link in list(self._links):
            link.go_on()

    def _open_or_close(self, target: str, present: bool) -> None:
        if target in self._listeners:
            listener = self._listeners.pop(target)
            self._loop.forget(listener.fileno())
            listener.close()
        if present:
            dialler = next(name for name in self.ports if name != target)
            self._listeners[target] = self._listen(dialler, target)

    def _listen(self, dialler: str, target: str) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, self.ports[dialler]))
        listener.listen()
        listener.setblocking(False)
        self._loop.watch(listener.fileno(), READABLE,
                         lambda events: self._accept(listener, dialler, target))
        return listener

    def _accept(self, listener: socket.socket, dialler: str, target: str) -> None:
        try:
            near = listener.accept()[0]
        except OSError:  # It was given up before it was taken.
            return
        far = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        far.setblocking(False)
        far.connect_ex((LOOPBACK, self._targets[target]))
        ends = [_End(near, Lane(self._faults[dialler])), _End(far, Lane(self._faults[target]))]
        link = _Link(self._loop, ends, self._links.remove)
        self._links.append(link)
        if len(self._links) > _CONNECTIONS_MAX:
            self._links[0].reset()


class _End:
    """A socket towards one node, and the lane of what that node sends."""

    def __init__(self, opened: socket.socket, lane: Lane) -> None:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = opened
        self.lane = lane
        self.ended = False  # It sends no more.
        self.blocked = False  # It takes no more for now.
        self.passed_end = False  # It was told that the other one sends no more.
        self.events = 0


class _Link:
    """A connection that a node dialled, and the one that leads on to the other node."""

    def __init__(self, loop: Loop, ends: List[_End],
                 on_closed: Callable[["_Link"], None]) -> None:
        self._loop = loop
        self._ends = ends
        self._on_closed = on_closed
        self._open = True
        self._wake_at: Optional[float] = None
        ends[1].blocked = True  # Until it is connected.
        self._watch()

    def reset(self) -> None:
        """Ends both connections with RST."""
        self._close(True)

    def go_on(self) -> None:
        """Passes on what may go, after a change of shape or when time has passed."""
        if not self._open:
            return
        for index in (0, 1):
            self._pass_on(self._ends[index], self._ends[1 - index])
        if all(end.passed_end for end in self._ends):
            self._close(False)
        else:
            self._watch()

    def _on_ready(self, index: int, events: int) -> None:
        if not self._open:
            return
        end = self._ends[index]
        if events & ~READABLE:
            end.blocked = False
        if events & ~WRITABLE and self._wants_input(end) and not self._read(end):
            self._close(True)
            return
        self.go_on()

    @staticmethod
    def _wants_input(end: _End) -> bool:
        stalled = end.lane.faults.shape.stalled
        return not end.ended and not stalled and not end.lane.full()

    def _read(self, end: _End) -> bool:
        """False if the node reset its connection, or could not be reached."""
        try:
            piece = end.socket.recv(_PIECE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        end.ended = not piece
        if piece:
            end.lane.put(piece, self._loop.now())
        return True

    def _pass_on(self, source: _End, sink: _End) -> None:
        now = self._loop.now()
        lane = source.lane
        while not sink.blocked:
            piece = lane.take(now)
            if not piece:
                break
            try:
                lane.pass_on(sink.socket.send(piece), now)
            except BlockingIOError:
                sink.blocked = True
            except OSError:  # The sink tells when it is read; until then this goes nowhere.
                lane.drop()
        if lane.empty() and (source.ended or lane.cut) and not sink.passed_end and not sink.blocked:
            sink.passed_end = True
            _end_output(sink.socket)
            if lane.cut:
                source.passed_end = True
                _end_output(source.socket)

    def _watch(self) -> None:
        for index, end in enumerate(self._ends):
            events = READABLE if self._wants_input(end) else 0
            if end.blocked:
                events |= WRITABLE
            self._set_events(index, events)
        self._wake_when_due()

    def _set_events(self, index: int, events: int) -> None:
        """An end that is waited for in no way is out of the loop: not even its end is noticed."""
        end = self._ends[index]
        fd = end.socket.fileno()
        if events and not end.events:
            self._loop.watch(fd, events, lambda ready: self._on_ready(index, ready))
        elif events and events != end.events:
            self._loop.change(fd, events)
        elif end.events and not events:
            self._loop.forget(fd)
        end.events = events

    def _wake_when_due(self) -> None:
        lanes = (end.lane for end in self._ends)
        times = [lane.next_at() for lane in lanes
                 if not lane.empty() and not lane.faults.shape.stalled]
        now = self._loop.now()
        due = min((when for when in times if when > now), default=None)
        if due is not None and (self._wake_at is None or due < self._wake_at):
            self._wake_at = due
            self._loop.call_at(due, self._wake)

    def _wake(self) -> None:
        self._wake_at = None
        self.go_on()

    def _close(self, reset: bool) -> None:
        if not self._open:
            return
        self._open = False
        for index, end in enumerate(self._ends):
            self._set_events(index, 0)
            if reset:
                end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            end.socket.close()
        self._on_closed(self)


def _settle(done: Future, action: Callable[..., Any], arguments: tuple) -> None:
    try:
        done.set_result(action(*arguments))
    except OSError as error:
        done.set_exception(error)


def _end_output(opened: socket.socket) -> None:
    try:
        opened.shutdown(socket.SHUT_WR)
    except OSError:  # It is gone already.
        pass
