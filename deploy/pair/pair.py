"""pair: two twincached nodes on the loopback address, in one terminal.

    ./bazelw run //:pair
    ./bazelw run //:pair -- --port-a 21211 --port-b 21213 --replication-port 21212 -- -vv

Everything after a second `--` goes to both nodes.
"""

import argparse
import sys
from typing import List, Tuple

from deploy.node.binary import NodeError, find_binary
from deploy.node.ports import LOOPBACK, is_free
from deploy.node.process import NodeSpec
from deploy.pair.runner import PairRunner


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pair", description="Starts two twincached nodes on the loopback address.",
        epilog="Everything after -- goes to both nodes.", allow_abbrev=False)
    parser.add_argument("--port-a", type=int, default=11211, metavar="N", help="clients of node a")
    parser.add_argument("--port-b", type=int, default=11213, metavar="N", help="clients of node b")
    parser.add_argument("--replication-port", type=int, default=11212, metavar="N")
    parser.add_argument("--memory", type=int, default=64, metavar="MB", help="of each node")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of each node")
    parser.add_argument("--node-option", action="append", default=[], metavar="OPTION",
                        help="for both nodes, can be given several times")
    parser.add_argument("--binary", help="the twincached to start")
    return parser


def split_node_options(arguments: List[str]) -> Tuple[List[str], List[str]]:
    """Our own arguments, and those for the nodes, which stand behind `--`."""
    if "--" not in arguments:
        return arguments, []
    cut = arguments.index("--")
    return arguments[:cut], arguments[cut + 1:]


def check_ports(options: argparse.Namespace) -> None:
    """Raises NodeError naming the first port that cannot be used, and its flag."""
    wanted = [("--port-a", options.port_a, "clients of node a"),
              ("--port-b", options.port_b, "clients of node b"),
              ("--replication-port", options.replication_port, "replication")]
    seen = {}
    for flag, port, what in wanted:
        if not 0 < port < 65536:
            raise NodeError(f"{flag} {port}: a port is a number from 1 to 65535")
        if port in seen:
            raise NodeError(f"{flag} and {seen[port]} are both {port}: choose another {flag}")
        seen[port] = flag
        if not is_free(port):
            raise NodeError(f"port {port} ({what}) on {LOOPBACK} is in use: "
                            f"stop what listens there or choose another with {flag} N")


def main() -> int:
    own, behind = split_node_options(sys.argv[1:])
    options = _parser().parse_args(own)
    try:
        check_ports(options)
        binary = find_binary(options.binary)
    except NodeError as error:
        print(f"pair: {error}", file=sys.stderr)
        return 1
    specs = [NodeSpec(name, binary, port, options.replication_port, memory_mb=options.memory,
                      threads=options.threads, options=options.node_option + behind)
             for name, port in (("a", options.port_a), ("b", options.port_b))]
    return PairRunner(specs).run()


if __name__ == "__main__":
    sys.exit(main())
