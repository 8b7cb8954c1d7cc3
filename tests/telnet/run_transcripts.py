"""Runs transcript files against real servers: `run_transcripts.py --target T [--chop] FILE...`

Targets: `stock` is Debian's memcached, the reference; `solo` one twincached; `master` and `slave`
are the two nodes of a pair, each asked what `solo` is asked; `pair` is for transcripts that name
`master` and `slave` themselves. Every transcript gets servers of its own, started afresh. The exit
code is 0 when all came true; every failure is printed, and the logs of its servers behind it.
"""

import argparse
import subprocess
import sys
import time

from tests.e2e.nodes import Node, Pair, StockMemcached, wait_until
from tests.telnet import transcript


class SoloWorld:
    """One server, called `solo`."""

    default_node = "solo"

    def __init__(self, kind, options):
        self._node = kind(extra=options)

    def nodes(self):
        return {"solo": self._node}

    def start(self):
        self._node.start()

    def end(self):
        """Ends the servers; returns what was wrong with the end of any of them, as text."""
        wrong = []
        for node in reversed(self.servers()):
            wrong.append(node.stop())
            node.destroy()
        return "; ".join(text for text in wrong if text)

    def servers(self):
        return [self._node]

    def connect(self, name):
        return self.nodes()[name].client()

    def act(self, verb, name):
        """What a `$` line does to a node."""
        node = self.nodes()[name]
        actions = {"kill": node.kill9, "restart": node.restart, "freeze": node.freeze,
                   "thaw": node.thaw, "term": lambda: self._terminate(node)}
        actions[verb]()

    @staticmethod
    def _terminate(node):
        try:
            code = node.terminate()
        except subprocess.TimeoutExpired:
            raise AssertionError("%s does not end on SIGTERM" % node.name) from None
        if code != 0:
            raise AssertionError("%s ended with %d on SIGTERM" % (node.name, code))

    def await_stat(self, name, stat, value, limit_s):
        node = self.nodes()[name]
        wait_until("%s says %s %s" % (name, stat, value),
                   lambda: node.replication().get(stat) == value, limit_s)


class PairWorld(SoloWorld):
    """Two nodes. `asked` is the one a transcript for `solo` talks to."""

    def __init__(self, options, asked):
        self._pair = Pair(extra=options)
        self._asked = asked
        self.default_node = "solo" if asked else "master"

    def nodes(self):
        names = {"master": self._pair.first, "slave": self._pair.second}
        if self._asked:
            names["solo"] = names[self._asked]
        return names

    def start(self):
        self._pair.start()

    def servers(self):
        return self._pair.nodes()


def make_world(target, options):
    if target == "stock":
        return SoloWorld(StockMemcached, options)
    if target == "solo":
        return SoloWorld(Node, options)
    return PairWorld(options, None if target == "pair" else target)


def run_one(path, target, chop):
    """Returns None, or the text of the failure."""
    script = transcript.load(path)
    world = make_world(target, script.options)
    failure = ""
    try:
        world.start()
        transcript.Runner(script, world, chop).run()
    except AssertionError as error:
        failure = str(error)
    finally:
        wrong_end = world.end()
    failure = failure or wrong_end
    if not failure:
        return None
    return "\n".join([failure] + ["---- log of %s\n%s" % (node.name, node.log_text()[-2000:])
                                  for node in world.servers()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", required=True,
                        choices=["stock", "solo", "master", "slave", "pair"])
    parser.add_argument("--chop", action="store_true", help="send all input byte by byte")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    failed = 0
    for path in sorted(options.files):
        began = time.monotonic()
        failure = run_one(path, options.target, options.chop)
        took_ms = (time.monotonic() - began) * 1000
        print("%-6s %5.0f ms  %s" % ("FAILED" if failure else "ok", took_ms, path))
        if failure:
            failed += 1
            print(failure)
    print("%d transcripts against %s, %d failed" % (len(options.files), options.target, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
