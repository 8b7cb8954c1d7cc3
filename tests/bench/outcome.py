"""How a bench program ends: its verdicts, its exit code."""

import sys
from typing import Callable, List, Tuple

from tests.bench.servers import BenchError, stop_on_signals


def tell_states(verdicts: List[Tuple[str, str]]) -> None:
    """Prints one line per figure: its state, its sentence."""
    print()
    for state, sentence in verdicts:
        print(f"{state}: {sentence}")


def tell_verdicts(verdicts: List[Tuple[bool, str]]) -> int:
    """Prints what is met and what is not; the exit code, 1 when anything is not."""
    tell_states([("met" if met else "NOT MET", sentence) for met, sentence in verdicts])
    return 0 if all(met for met, _ in verdicts) else 1


def run_program(name: str, run: Callable[[], int]) -> int:
    """The exit code of `run`; 1 when it fails, with one line, or is interrupted."""
    stop_on_signals()
    try:
        return run()
    except (BenchError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
