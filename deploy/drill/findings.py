"""Has check_history judge a drill's history, and sorts what it found by what it means."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

from deploy.node.binary import Program

CHECK_HISTORY = Program("tests/history/check_history", "--checker", "CHECK_HISTORY")

LOST = "lost"
STALE = "stale"
TWICE = "twice"
WRONG = "wrong"
KINDS = (LOST, STALE, TWICE, WRONG)

_LIMIT_S = 600.0
_KEY = re.compile(r'key "(?:[^"\\]|\\.)*": ')
_TOTALS = re.compile(r"check_history: .* (\d+) violations$")
# How the sentences of tests/history begin. Whatever else they say is WRONG.
_MEANING = (
    ("lost write", LOST),
    ("lost increment", LOST),
    ("counter fell", LOST),
    ("stale value", STALE),
    ("resurrection", STALE),
    ("duplicated increment", TWICE),
    ("numbers that exclude each other", TWICE),
    ("value with two cas ids", TWICE),
    ("cas id replaced twice", TWICE),
)


class CheckError(Exception):
    """The history could not be judged."""


@dataclass
class Findings:
    """counts by KINDS; those beyond what the checker spells out are WRONG."""

    counts: Counter = field(default_factory=Counter)
    sentences: List[str] = field(default_factory=list)


def check_history(program: Path, history: Path) -> Findings:
    done = subprocess.run([str(program), str(history)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode not in (0, 1):
        raise CheckError(f"{program.name} failed with {done.returncode}: {done.stderr.strip()}")
    found = parse_findings(done.stdout)
    if bool(found.sentences) != (done.returncode == 1):
        raise CheckError(f"{program.name} exited with {done.returncode} after {done.stdout}")
    return found


def parse_findings(output: str) -> Findings:
    """Of what check_history prints: a sentence a violation, then the totals."""
    lines = output.splitlines()
    totals = _TOTALS.match(lines[-1]) if lines else None
    if totals is None:
        raise CheckError("check_history printed no totals")
    found = Findings(sentences=lines[:-1])
    found.counts.update(_meaning(sentence) for sentence in found.sentences)
    found.counts[WRONG] += int(totals.group(1)) - len(found.sentences)
    return found


def _meaning(sentence: str) -> str:
    key = _KEY.match(sentence)
    text = sentence[key.end():] if key else sentence
    return next((kind for begin, kind in _MEANING if text.startswith(begin)), WRONG)
