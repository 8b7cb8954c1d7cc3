"""The drills' files: what they may say, and that the built-in ones are all understood."""

import unittest

from deploy.drill import scenario, steps
from deploy.drill.scenario import ScenarioError, parse, parse_step

_MINIMAL = 'story = "s"\nsteps = ["run 1s"]\n[expect]\nroles = { a = "MASTER", b = "SLAVE" }\n'


class ScenarioTest(unittest.TestCase):
    def test_built_in_drills_are_understood(self) -> None:
        for name in scenario.names():
            self.assertTrue(scenario.load(name).steps, name)

    def test_a_drill_that_takes_minutes_is_not_in_all(self) -> None:
        for name in scenario.names():
            plan = scenario.load(name)
            waits = sum(step.seconds for step in plan.steps if not step.verb.startswith("wait"))
            self.assertEqual(plan.long, waits > 60, name)

    def test_faults_of_the_link_have_their_proxy(self) -> None:
        for name in scenario.names():
            plan = scenario.load(name)
            verbs = {step.verb for step in plan.steps}
            if verbs & {"delay", "slow", "stall", "heal", "reset-link", "corrupt", "truncate"}:
                self.assertEqual(plan.pair.replication, "proxy", name)

    def test_steps(self) -> None:
        step = parse_step("freeze master 1500ms")
        self.assertEqual((step.verb, step.who, step.seconds), ("freeze", "master", 1.5))
        step = parse_step("wait survivor MASTER 3s")
        self.assertEqual((step.verb, step.who, step.role), ("wait", "survivor", "MASTER"))
        step = parse_step("slow a 300kB/s")
        self.assertEqual((step.verb, step.who, step.bytes_per_s), ("slow", "a", 300_000.0))
        self.assertEqual(parse_step("restart killed").seconds, 0.0)
        self.assertEqual(parse_step("restart killed within 50ms").seconds, 0.05)

    def test_every_verb_is_carried_out(self) -> None:
        for verb in scenario.VERBS:
            self.assertTrue(hasattr(steps.Steps, "do_" + verb.replace("-", "_")), verb)

    def test_limits(self) -> None:
        expect = parse("x", _MINIMAL + "gap_ms = 5\nresume_ms = { p50 = 1, max = 2 }\n").expect
        self.assertEqual(expect.limits("gap_ms"), {"max": 5})
        self.assertEqual(expect.limits("resume_ms"), {"p50": 1, "max": 2})
        self.assertEqual(expect.limits("first_write_ms"), {})

    def test_rounds_repeat_the_steps(self) -> None:
        self.assertEqual(len(parse("x", "rounds = 3\n" + _MINIMAL).steps), 3)

    def test_unknown_words_are_refused(self) -> None:
        for step in ("kill", "kill everybody", "run", "run 1", "wait a LEADER 1s", "kill a now",
                     "kill both", "slow a 5", "freeze both"):
            with self.assertRaises(ScenarioError, msg=step):
                parse_step(step)
        for text in ("colour = 1\n" + _MINIMAL, _MINIMAL + "gap_ms = { p75 = 1 }\n"):
            with self.assertRaises(ScenarioError):
                parse("x", text)

    def test_unknown_drill_names_the_known_ones(self) -> None:
        with self.assertRaisesRegex(ScenarioError, "kill-master"):
            scenario.load("kill-everything")


if __name__ == "__main__":
    unittest.main()
