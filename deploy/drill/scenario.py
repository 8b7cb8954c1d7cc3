"""Drills as data: reads scenarios/NAME.toml and refuses what it does not understand.

    story = "one line for a person"
    rounds = 1                            # how often the steps are done
    steps = [...]                         # see _GRAMMAR
    [pair]    replication = "shared"      # one replication port for both (first come first served),
                                          # or "own": one each
              peers = ["a", "b"]          # the nodes that are started with -x
    [load]    writers, readers, pace_ms (between two writes of a connection), patience_ms (for an
              answer; every second writer waits much longer)
    [expect]  lost, stale, misses, promotions (each a number), roles = {a = "MASTER", b = "SLAVE"}
              (or "dead"), exits = {a = 0}, gap_ms, gap_ms_median (over the runs)

Node a is started first and is the master. `killed` and `survivor` in a step are the node of the
last fault and the other one.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

FOLDER = Path(__file__).absolute().parent / "scenarios"
NODES = ("a", "b")

_WHO = r"(?P<who>master|slave|a|b|killed|survivor)"
_TIME = r"(?P<time>\d+)(?P<unit>ms|s)"
_GRAMMAR = {
    "run": re.compile(rf"run {_TIME}"),
    "kill": re.compile(rf"kill {_WHO}"),
    "term": re.compile(rf"term {_WHO}"),
    "freeze": re.compile(rf"freeze {_WHO} {_TIME}"),
    "restart": re.compile(rf"restart {_WHO}"),
    "wait": re.compile(rf"wait {_WHO} (?P<role>MASTER|SLAVE) {_TIME}"),
    "wait-paired": re.compile(rf"wait-paired {_TIME}"),
    "clients-home": re.compile(r"clients-home"),
}


class ScenarioError(Exception):
    """The file is missing or says something unknown."""


@dataclass(frozen=True)
class Step:
    verb: str
    who: str = ""
    role: str = ""
    seconds: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class PairPlan:
    replication: str = "shared"
    peers: List[str] = field(default_factory=lambda: list(NODES))


@dataclass(frozen=True)
class LoadSizes:
    writers: int = 64
    readers: int = 8
    pace_ms: float = 0.0
    patience_ms: float = 1000.0


@dataclass(frozen=True)
class Expectations:
    roles: Dict[str, str]
    lost: int = 0
    stale: int = 0
    misses: Optional[int] = None
    promotions: Optional[int] = None
    exits: Dict[str, int] = field(default_factory=dict)
    gap_ms: Optional[float] = None
    gap_ms_median: Optional[float] = None


@dataclass(frozen=True)
class Scenario:
    name: str
    story: str
    steps: List[Step]
    pair: PairPlan
    load: LoadSizes
    expect: Expectations


def names(folder: Path = FOLDER) -> List[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def load(name: str, folder: Path = FOLDER) -> Scenario:
    path = folder / f"{name}.toml"
    if name not in names(folder):
        raise ScenarioError(f"no drill is called {name}; there are: {', '.join(names(folder))}")
    try:
        return parse(name, path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def parse(name: str, text: str) -> Scenario:
    data: Dict[str, Any] = tomllib.loads(text)
    unknown = set(data) - {"story", "rounds", "steps", "pair", "load", "expect"}
    if unknown:
        raise ScenarioError(f"{name}: unknown {', '.join(sorted(unknown))}")
    steps = [parse_step(step) for step in data["steps"]] * data.get("rounds", 1)
    return Scenario(name, data["story"], steps, PairPlan(**data.get("pair", {})),
                    LoadSizes(**data.get("load", {})), Expectations(**data["expect"]))


def parse_step(text: str) -> Step:
    for verb, form in _GRAMMAR.items():
        match = form.fullmatch(text)
        if match:
            words = match.groupdict()
            return Step(verb, words.get("who", ""), words.get("role", ""), _seconds(words), text)
    raise ScenarioError(f"unknown step: {text}")


def _seconds(words: Dict[str, str]) -> float:
    if "time" not in words:
        return 0.0
    return int(words["time"]) * (0.001 if words["unit"] == "ms" else 1.0)
