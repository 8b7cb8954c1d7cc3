"""The flags that bench, connections and fairness have in common."""

import argparse


def parser(name: str, documentation: str, rounds: int, seconds: float) -> argparse.ArgumentParser:
    """`documentation` is the program's; its first line is shown. The numbers are defaults."""
    summary = documentation.split("\n", maxsplit=1)[0]
    flags = argparse.ArgumentParser(prog=name, description=summary)
    flags.add_argument("--rounds", type=int, default=rounds,
                       help="alternating rounds (%(default)s)")
    flags.add_argument("--seconds", type=float, default=seconds,
                       help="of one measured run (%(default)s)")
    flags.add_argument("--pollers", help="io_uring,epoll: a twincached for each (all it has)")
    flags.add_argument("--binary", help="the twincached to measure (the one just built)")
    flags.add_argument("--memcached", help="the memcached to compare with (the installed one)")
    flags.add_argument("--load", help="the load generator (the one just built)")
    flags.add_argument("--json", metavar="FILE", help="write everything that was measured")
    flags.add_argument("--markdown", metavar="FILE", help="write what is printed")
    return flags
