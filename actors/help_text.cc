#include "actors/help_text.h"

namespace twincached {

absl::string_view HelpText() {
  // The lines of -x and -X begin as repcached's do: test suites look for them.
  return R"(A memcached that survives the loss of either of its two nodes.

-p, --port=<num>          TCP port to listen on (default: 11211, -1: any free one)
-U, --udp-port=<num>      accepted; there is no UDP
-s, --unix-socket=<file>  UNIX socket to listen on (disables network support)
-a, --unix-mask=<mask>    access mask for UNIX socket, in octal (default: 700)
-l, --listen=<addr>       address to listen on, host or host:port (default: loopback only);
                          several separated by commas, or -l several times; * is every address
-d, --daemon              run as a daemon
-r, --enable-coredumps    maximize core file limit
-u, --user=<user>         assume identity of <username> (only when run as root)
-m, --memory-limit=<num>  item memory in megabytes (default: 64)
-M, --disable-evictions   return error on memory exhausted instead of evicting
-k, --lock-memory         lock down all paged memory, as it is touched
-L, --enable-largepages   items in huge pages, also below -m 256 per thread
-c, --conn-limit=<num>    max simultaneous connections (default: 1024)
-v, --verbose             verbose (replication's lines, changes of role)
-vv                       very verbose (details of the link)
-h, --help                print this help and exit
-i, --license             print the license and exit
-V, --version             print version and exit
-P, --pidfile=<file>      save PID in <file>
-t, --threads=<num>       number of threads to use (default: the cores,
                          no more than one per 16 MB of -m)
-b, --listen-backlog=<num> set the backlog queue limit (default: 1024)
-I, --max-item-size=<num> adjusts max item size
                          (default: 1m, min: 1k, max: 1024m)
-B, --protocol=<name>     protocol - ascii or auto, which is ascii in this version
    --poller=auto|io_uring|epoll  how sockets are served (default: auto,
                          io_uring where the kernel allows it)
    --config=<file>       read flags from an INI file, by their long names;
                          what the command line says wins

The pair:
-x <ip_addr>              --peer=<addr>: the other node, host or host:port (the port: our own -X)
-X <num>                  --replication-port=<num>: replication port to listen on, at the
                          addresses of -l (default: 11212, 0: any free one);
                          without a number: memcached's -X, --disable-dumping
    --node-name=<name>    name of this node, unlike the other's (default: host name:port)
    --cluster=<name>      nodes of different clusters refuse each other (default: default)
    --solo-writes=allow|refuse  writes on a node without a slave in sync (default: allow)
    --ack=pair|local      answer a write when both nodes have it, or this one (default: pair)
    --promote-after-ms=<num> silence of the master until the slave takes over
                          (default: 1000); the other timers follow it
    --suspect-after-ms=<num> silence of the peer until replies are held
                          (default: 3/10 of that)
    --ack-timeout-ms=<num> a slave that acknowledges nothing so long is left behind
                          (default: 2000)

Accepted, and without effect in this version:
-A, --enable-shutdown     -C, --disable-cas         -D <char>
-F, --disable-flush-all   -R, --max-reqs-per-event=<num>
-W, --disable-watch       -f, --slab-growth-factor=<num>
-n, --slab-min-size=<bytes>
-o, --extended=<options>  memcached's names; an unknown one is an error
-q, --queue-length=<num>  repcached's
Not supported yet, an error: -S, --enable-sasl; -Z, --enable-ssl; -Y, --auth-file=<file>;
-e, --memory-file=<file>; -N, --napi_ids=<num>
)";
}

absl::string_view LicenseText() {
  return R"(twincached is free software under the MIT License; the file LICENSE has its text.
It comes without any warranty.
)";
}

}  // namespace twincached
