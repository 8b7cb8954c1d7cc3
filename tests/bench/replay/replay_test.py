"""The trace player against servers that are played in this process: right ones and wrong ones."""

import contextlib
import json
import socket
import subprocess
import threading
import unittest
from typing import Dict, List, Tuple

from tests.bench.servers import LOOPBACK, free_port, program

_REQUESTS = 2000
_WARM_UP = 500
_DONE_SECONDS = 60


class FakeServer:
    """Serves one connection with a dict for memory. The methods are what others do differently."""

    def __init__(self) -> None:
        self.items: Dict[bytes, bytes] = {}
        self.asked: List[bytes] = []  # every get, whole
        self.sets: List[bytes] = []   # every command line of a set
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def answer_get(self, keys: List[bytes]) -> bytes:
        return b"".join(self.block(key) for key in keys if key in self.items) + b"END\r\n"

    def block(self, key: bytes) -> bytes:
        return b"VALUE %s 0 %d\r\n%s\r\n" % (key, len(self.items[key]), self.items[key])

    def answer_set(self, key: bytes, value: bytes) -> bytes:
        self.items[key] = value
        return b"STORED\r\n"

    def _serve(self) -> None:
        # The listener is closed, or the player ended before it had read everything.
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            self._serve_client(client)

    def _serve_client(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, client.makefile("rb") as lines:
            for line in lines:
                answer = self._answer(line, lines)
                if answer is None:
                    return
                client.sendall(answer)

    def _answer(self, line: bytes, lines) -> bytes:
        words = line.split()
        if words[0] == b"get":
            self.asked.append(line)
            return self.answer_get(words[1:])
        self.sets.append(line)
        return self.answer_set(words[1], lines.read(int(words[4]) + 2)[:-2])


class Forgetful(FakeServer):

    def answer_get(self, keys):
        return b"END\r\n"


class Backwards(FakeServer):

    def answer_get(self, keys):
        return super().answer_get(keys[::-1])


class Full(FakeServer):

    def answer_set(self, key, value):
        return b"SERVER_ERROR out of memory storing object\r\n"


class Saying(FakeServer):
    """Answers the first get, or the first set, with fixed bytes; None closes the connection."""

    def __init__(self, get_answer=b"END\r\n", set_answer=b"STORED\r\n") -> None:
        self._answers = (get_answer, set_answer)
        super().__init__()

    def answer_get(self, keys):
        return self._answers[0]

    def answer_set(self, key, value):
        return self._answers[1]


def replay(ports: List[int], *flags: str) -> Tuple[int, str, str]:
    targets = [word for port in ports for word in ("--target", f"{LOOPBACK}:{port}")]
    command = [str(program(None, "tests/bench/replay/replay", "--replay")), *targets, "--json",
               "--keys", "300", "--requests", str(_REQUESTS), *flags]
    if "--warm-up" not in flags:
        command += ["--warm-up", str(_WARM_UP)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DONE_SECONDS,
                          check=False)
    return done.returncode, done.stdout, done.stderr


class ReplayTest(unittest.TestCase):

    def start(self, server: FakeServer) -> FakeServer:
        self.addCleanup(server.close)
        return server

    def play(self, servers: List[FakeServer], *flags: str):
        code, output, errors = replay([server.port for server in servers], *flags)
        self.assertEqual((code, errors), (0, ""))
        return json.loads(output)["targets"]

    def test_all_targets_get_the_same_requests_and_are_counted_apart(self):
        servers = [self.start(kind()) for kind in (FakeServer, Forgetful, Backwards)]
        good, forgetful, backwards = self.play(servers)
        self.assertEqual(servers[0].asked, servers[1].asked)
        self.assertEqual({key: good[key] for key in ("hits", "misses", "stored")},
                         {key: backwards[key] for key in ("hits", "misses", "stored")})
        for found, server in zip((good, forgetful), servers):
            self.assertEqual(found["hits"] + found["misses"], _REQUESTS - _WARM_UP)
            self.assertEqual(found["stored"], len(server.sets))
            self.assertEqual(found["refused"], 0)
        counted = servers[1].asked[-(-_WARM_UP // 32):]
        distinct = sum(len(line.split()) - 1 for line in counted)
        self.assertEqual(forgetful["misses"], distinct)
        self.assertGreater(good["hit_ratio"], forgetful["hit_ratio"])
        self.assertEqual(len(servers[0].sets), len(servers[0].items))

    def test_the_first_miss_of_a_key_without_a_warm_up_is_all_that_a_big_server_misses(self):
        server = self.start(FakeServer())
        found = self.play([server], "--warm-up", "0", "--trace", "scan")[0]
        self.assertEqual(found["misses"], len(server.items))

    def test_a_get_has_each_key_once(self):
        server = self.start(FakeServer())
        self.play([server], "--batch", "512")
        self.assertEqual(len(server.asked), 4)  # the warm-up's end cuts a batch
        for line in server.asked:
            keys = line.split()[1:]
            self.assertEqual(len(keys), len(set(keys)))

    def test_times_to_live_are_sent(self):
        server = self.start(FakeServer())
        self.play([server], "--trace", "mixed")
        self.assertEqual({line.split()[3] for line in server.sets}, {b"0", b"2", b"10", b"60"})

    def test_refused_sets_are_counted_from_the_first(self):
        server = self.start(Full())
        found = self.play([server])[0]
        self.assertEqual((found["stored"], found["refused"]), (0, len(server.sets)))
        self.assertEqual(found["first_refusal"], "SERVER_ERROR out of memory storing object")

    def test_it_ends_with_an_error_at_a_wrong_server(self):
        for words, kind in {
                "wrong answer": {"get_answer": b"ERROR\r\n"},
                "not asked for": {"get_answer": b"VALUE x 0 1\r\nv\r\nEND\r\n"},
                "nobody asked for": {"get_answer": b"END\r\nEND\r\n"},
                "not an answer to a set": {"set_answer": b"VALUE\r\n"},
                "closed": {"get_answer": None},
                "it closed": {"set_answer": None},
                "no whole answer within 200 ms": {"get_answer": b"EN"},
                "no whole answer": {"set_answer": b""},
        }.items():
            with self.subTest(words), contextlib.ExitStack() as stack:
                good, wrong = FakeServer(), Saying(**kind)
                stack.callback(good.close)
                stack.callback(wrong.close)
                code, output, errors = replay([good.port, wrong.port], "--timeout-ms", "200")
                self.assertEqual((code, output), (1, ""))
                self.assertIn(words, errors)
                self.assertIn(f"{LOOPBACK}:{wrong.port}", errors)

    def test_nobody_there_is_an_error(self):
        code, _, errors = replay([free_port()])
        self.assertEqual(code, 1)
        self.assertIn("refused", errors)


if __name__ == "__main__":
    unittest.main()
