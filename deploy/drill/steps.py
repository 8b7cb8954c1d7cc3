"""The steps of a scenario: what is done to the pair, its link and its machine."""

import time
from dataclasses import replace
from typing import List, Optional

from deploy.drill.driver import Drill, DrillSkipped, Fault, StepFailed
from deploy.drill.fault_proxy import FaultProxy
from deploy.drill.frozen_thread import FrozenThread, busiest_other_thread
from deploy.drill.hogs import Hogs
from deploy.drill.lane import FORWARD, Shape
from deploy.drill.scenario import NODES, Step
from deploy.node.probe import replication_command


def do_steps(drill: Drill) -> None:
    steps = Steps(drill)
    for step in drill.scenario.steps:
        drill.note(f"{time.monotonic() - drill.began:8.3f} {step.text}")
        getattr(steps, "do_" + step.verb.replace("-", "_"))(step)


def other(name: str) -> str:
    return NODES[1 - NODES.index(name)]


class Steps:
    """do_VERB for every verb of the grammar."""

    def __init__(self, drill: Drill) -> None:
        self._drill = drill
        self._seats = drill.seats
        self._killed = ""
        self._fork_began: Optional[float] = None

    # Clients and waiting.

    def do_run(self, step: Step) -> None:
        self._drill.pass_time(step.seconds)

    def do_wait(self, step: Step) -> None:
        seat = self._seats[self._resolve(step.who)]
        self._drill.wait_for(f"{seat.spec.name} is {step.role}",
                             lambda: step.role in (seat.role, seat.state), step.seconds)

    def do_wait_paired(self, step: Step) -> None:
        self._drill.wait_for("the nodes are paired", self._drill.paired, step.seconds)
        if self._fork_began is not None:
            self._drill.forks.append((self._fork_began, time.monotonic()))
            self._fork_began = None

    def do_clients_home(self, step: Step) -> None:
        self._drill.workload.send_home()

    # The nodes.

    def do_kill(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin(f"kill -9 {name}", name)
        self._drill.kill(name)

    def do_destroy(self, step: Step) -> None:
        names = self._resolve_all(step.who)
        fault = self._begin(f"kill -9 {' and '.join(names)}", names[0])
        for name in names:
            self._seats[name].strike()
        for name in names:
            self._drill.kill(name)
        self._drill.wipes.append((fault.when, time.monotonic()))

    def do_term(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin(f"SIGTERM {name}", name)
        if not self._seats[name].ask_to_stop():
            self._drill.failures.append(f"{name} did not end after SIGTERM")
        self._drill.kill(name)

    def do_freeze(self, step: Step) -> None:
        names = self._resolve_all(step.who)
        what = f"freeze {' and '.join(names)} for {step.seconds:g} s"
        fault = self._begin(what, names[0], survivor=names[0] if len(names) > 1 else "")
        for name in names:
            self._seats[name].freeze()
        self._drill.pass_time(fault.when + step.seconds - time.monotonic())
        for name in names:
            self._seats[name].thaw()
        fault.ended = time.monotonic()

    def do_restart(self, step: Step) -> None:
        self._drill.start(self._resolve(step.who))
        if not self._drill.faults:
            return
        fault = self._drill.faults[-1]
        fault.ended = time.monotonic()
        took = fault.ended - fault.when
        if step.seconds and took > step.seconds:
            raise DrillSkipped(f"the node ran again after {1000 * took:.0f} ms: too late")

    def do_restart_alone(self, step: Step) -> None:
        self._fork_began = time.monotonic()
        self.do_restart(step)

    def do_switchover(self, step: Step) -> None:
        name = self._resolve(step.who)
        fault = self._begin(f"switchover on {name}", name)
        answer = replication_command(self._seats[name].spec.port, "switchover")
        if answer == "ERROR":
            raise DrillSkipped("the binary does not know `replication switchover`")
        if answer != "OK":
            raise StepFailed(f"`replication switchover` on {name} answered {answer}")
        fault.ended = time.monotonic()

    # The machine.

    def do_starve_host(self, step: Step) -> None:
        fault = self._begin(f"busy loops for {step.seconds:g} s", self._drill.find("SLAVE"))
        hogs = Hogs(self._drill.settings.guard)
        try:
            hogs.on_every_core()
            self._drill.pass_time(step.seconds)
        finally:
            hogs.close()
            fault.ended = time.monotonic()

    def do_freeze_thread(self, step: Step) -> None:
        name = self._resolve(step.who)
        fault = self._begin(f"thread of {name} stuck for {step.seconds:g} s", name)
        try:
            thread = FrozenThread(busiest_other_thread(self._seats[name].pid()))
        except PermissionError as error:
            raise DrillSkipped(f"no thread of a node may be stopped here: {error}") from error
        self._drill.pass_time(step.seconds)
        thread.thaw()
        fault.ended = time.monotonic()

    # The link.

    def do_delay(self, step: Step) -> None:
        self._shape(step, f"delay of {1000 * step.seconds:g} ms from", delay_s=step.seconds)

    def do_slow(self, step: Step) -> None:
        self._shape(step, f"{step.bytes_per_s / 1000:g} kB/s from", bytes_per_s=step.bytes_per_s)

    def do_stall(self, step: Step) -> None:
        self._shape(step, "stall of what is sent by", stalled=True)

    def do_heal(self, step: Step) -> None:
        for name in NODES:
            self._proxy().shape(name, FORWARD)
        if self._drill.faults:
            self._drill.faults[-1].ended = time.monotonic()

    def do_reset_link(self, step: Step) -> None:
        self._begin_on_link("RST of the link", self._drill.find("SLAVE"))
        if self._proxy().reset() == 0:
            raise StepFailed("there was no link to reset")

    def do_corrupt(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin_on_link(f"one bit flipped from {name}", name)
        self._proxy().corrupt(name)

    def do_truncate(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin_on_link(f"cut within what {name} sends", name)
        self._proxy().truncate(name)

    def _shape(self, step: Step, what: str, **changes) -> None:
        name = self._resolve(step.who)
        self._begin_on_link(f"{what} {name}", name)
        self._proxy().shape(name, replace(Shape(), **changes))

    def _proxy(self) -> FaultProxy:
        proxy = self._drill.proxy
        if proxy is None:
            raise StepFailed('faults of the link need [pair] replication = "proxy"')
        return proxy

    # Who.

    def _begin(self, what: str, hit: str, survivor: str = "") -> Fault:
        self._killed = hit
        now = time.monotonic()
        fault = Fault(what, survivor or other(hit), now, now)
        if self._seats[hit].occupied():
            fault.resident_mb = self._seats[hit].resident_mb()
            fault.when = fault.ended = time.monotonic()
        self._drill.faults.append(fault)
        return fault

    def _begin_on_link(self, what: str, sender: str) -> Fault:
        """The master must carry on, whoever is hit."""
        return self._begin(what, sender, survivor=self._drill.find("MASTER"))

    def _resolve_all(self, who: str) -> List[str]:
        return list(NODES) if who == "both" else [self._resolve(who)]

    def _resolve(self, who: str) -> str:
        if who in ("killed", "survivor"):
            return self._killed if who == "killed" else other(self._killed)
        return who if who in NODES else self._drill.find(who.upper())
