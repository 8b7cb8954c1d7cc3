"""The runner of transcripts must fail where it should: it is run here against a scripted server."""

import socket
import threading
import unittest

from tests.e2e.wire import Client
from tests.telnet import transcript


class ScriptedServer:
    """Answers line n of the input with answers[n] (None: closes), `version` as a server does."""

    default_node = "solo"

    def __init__(self, answers):
        self._answers = list(answers)
        self.received = b""
        self.verbs = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # Closed before anybody connected.
        with connection:
            for line in connection.makefile("rb"):
                if line == b"version\r\n":
                    connection.sendall(b"VERSION 1.6.18\r\n")
                    continue
                self.received += line
                answer = self._answers.pop(0) if self._answers else b""
                if answer is None:
                    return
                connection.sendall(answer)

    def connect(self, _):
        return Client(self._listener.getsockname()[1])

    def act(self, verb, node):
        self.verbs.append((verb, node))

    def await_stat(self, node, stat, value, limit_s):
        self.verbs.append(("await", node, stat, value, limit_s))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes the accept.
        self._listener.close()
        self._thread.join(5)


class TranscriptTest(unittest.TestCase):

    def setUp(self):
        self._limits = (transcript.REPLY_LIMIT_S, transcript.CLOSE_LIMIT_S)
        transcript.REPLY_LIMIT_S = transcript.CLOSE_LIMIT_S = 0.2

    def tearDown(self):
        transcript.REPLY_LIMIT_S, transcript.CLOSE_LIMIT_S = self._limits

    def run_text(self, text, *answers, chop=False):
        server = ScriptedServer(answers)
        self.addCleanup(server.close)
        transcript.Runner(transcript.Transcript("t.txt", text), server, chop).run()
        return server

    def fails(self, expression, text, *answers):
        with self.assertRaisesRegex(transcript.TranscriptError, expression):
            self.run_text(text, *answers)

    def test_a_true_transcript_passes(self):
        server = self.run_text("# c\n> get k\n< VALUE k 0 1\n< x\n< END\n",
                               b"VALUE k 0 1\r\nx\r\nEND\r\n")
        self.assertEqual(server.received, b"get k\r\n")

    def test_a_wrong_answer_is_named_with_its_line(self):
        self.fails(r"t\.txt:2: < STORED[\s\S]*expected b'STORED\\r\\n'[\s\S]*NOT_STORED",
                   "> x\n< STORED\n", b"NOT_STORED\r\n")

    def test_one_blank_more_is_wrong(self):
        self.fails("expected", "> x\n< OK\n", b"OK \r\n")

    def test_a_line_end_of_lf_alone_is_wrong(self):
        self.fails("expected", "> x\n< OK\n", b"OK\n")

    def test_a_missing_answer_is_a_failure(self):
        self.fails("then nothing", "> x\n< OK\n", b"")

    def test_half_an_answer_is_a_failure(self):
        self.fails("received b'O', then nothing", "> x\n< OK\n", b"O")

    def test_an_answer_to_noreply_is_found_at_the_end(self):
        self.fails("left unread", "> set k 0 0 1 noreply\n", b"STORED\r\n")

    def test_an_unexpected_close_is_a_failure(self):
        self.fails("connection was closed", "> x\n< OK\n", None)
        self.fails("connection was closed", "> x\n", None)

    def test_close_demands_an_end_and_nothing_before_it(self):
        self.run_text("> x\n! close\n", None)
        self.fails("still open", "> x\n! close\n", b"")
        self.fails("still open", "> x\n! closed-within 50ms\n", b"")

    def test_silence_is_broken_by_any_byte(self):
        self.run_text("> x\n! silent 50ms\n", b"")
        self.fails("received b'E'", "> x\n! silent 100ms\n", b"E")
        self.fails("closed", "> x\n! silent 100ms\n", None)

    def test_captured_groups_are_sent_and_expected(self):
        server = self.run_text("> a\n<~ id (?P<id>\\d+)\n> use ${id}\n< ${id}!\n",
                               b"id 42\r\n", b"42!\r\n")
        self.assertEqual(server.received, b"a\r\nuse 42\r\n")

    def test_a_regular_expression_matches_the_whole_line(self):
        self.fails("does not match", "> a\n<~ id \\d+\n", b"id 42x\r\n")

    def test_an_unknown_variable_is_a_failure(self):
        self.fails("KeyError", "> use ${id}\n")

    def test_escapes_and_helpers(self):
        server = self.run_text(r">> \x41\\ \tz\r\n" + "\n> ${repeat:ab:3} ${keys:k:3}\n>\n")
        self.assertEqual(server.received, b"A\\ \tz\r\nababab k0 k1 k2\r\n\r\n")

    def test_expected_bytes_know_escapes(self):
        self.run_text("> x\n< a\\r\\nb\\x20\n", b"a\r\nb \r\n")

    def test_stat_lines_in_any_order(self):
        answer = b"STAT a 1\r\nSTAT b 2\r\nEND\r\n"
        self.run_text("> stats\n<+ STAT b 2\n<+ STAT a 1\n", answer)
        self.fails(r"not in the answer; \['STAT a 1'\]", "> stats\n<+ STAT a 2\n", answer)
        self.fails("STAT line or END belongs", "> stats\n<+ STAT a 2\n", b"ERROR\r\n")

    def test_chopped_input_is_the_same_input(self):
        server = self.run_text("> hello\n< OK\n", b"OK\r\n", chop=True)
        self.assertEqual(server.received, b"hello\r\n")

    def test_node_commands_reach_the_world(self):
        server = self.run_text("> x\n< OK\n$ kill master\n$ await slave role MASTER 1500ms\n",
                               b"OK\r\n")
        self.assertEqual(server.verbs,
                         [("kill", "master"), ("await", "slave", "role", "MASTER", 1.5)])

    def test_what_is_no_transcript_line_is_refused(self):
        for line in ("get k", ">get k", "<OK", "! explode now", "$ wait soon", "$ wait 5"):
            with self.subTest(line), self.assertRaises(transcript.TranscriptError):
                self.run_text("> x\n< OK\n%s\n" % line, b"OK\r\n")

    def test_options_are_kept_for_the_server(self):
        self.assertEqual(transcript.Transcript("t", "% options -I 2m\n").options, ["-I", "2m"])


if __name__ == "__main__":
    unittest.main()
