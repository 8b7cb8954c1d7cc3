"""The drills' files: what they may say, and that the built-in ones are all understood."""

import unittest

from deploy.drill import scenario
from deploy.drill.scenario import ScenarioError, parse, parse_step

_MINIMAL = 'story = "s"\nsteps = ["run 1s"]\n[expect]\nroles = { a = "MASTER", b = "SLAVE" }\n'


class ScenarioTest(unittest.TestCase):
    def test_built_in_drills_are_understood(self) -> None:
        for name in scenario.names():
            self.assertTrue(scenario.load(name).steps, name)

    def test_built_in_drills_allow_no_loss_and_no_stale_read(self) -> None:
        for name in scenario.names():
            expect = scenario.load(name).expect
            self.assertEqual((expect.lost, expect.stale), (0, 0), name)

    def test_steps(self) -> None:
        step = parse_step("freeze master 1500ms")
        self.assertEqual((step.verb, step.who, step.seconds), ("freeze", "master", 1.5))
        step = parse_step("wait survivor MASTER 3s")
        self.assertEqual((step.verb, step.who, step.role), ("wait", "survivor", "MASTER"))

    def test_rounds_repeat_the_steps(self) -> None:
        self.assertEqual(len(parse("x", "rounds = 3\n" + _MINIMAL).steps), 3)

    def test_unknown_words_are_refused(self) -> None:
        for step in ("kill", "kill everybody", "run", "run 1", "wait a LEADER 1s", "kill a now"):
            with self.assertRaises(ScenarioError, msg=step):
                parse_step(step)
        with self.assertRaises(ScenarioError):
            parse("x", "colour = 1\n" + _MINIMAL)

    def test_unknown_drill_names_the_known_ones(self) -> None:
        with self.assertRaisesRegex(ScenarioError, "kill-master"):
            scenario.load("kill-everything")


if __name__ == "__main__":
    unittest.main()
