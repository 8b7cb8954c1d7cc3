"""bazelw installs exactly what is missing, once, and then becomes Bazel.

dpkg-query, apt-get, sudo, id and bazel are stand-ins that write down how they were called.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BAZELW = pathlib.Path("bazelw").resolve()
PACKAGES = pathlib.Path("third_party/packages")
REAL_TOOLS = ("dirname", "env", "sed", "sh")

STAND_INS = {
    # Knows every package but those in $MISSING.
    "dpkg-query": """#!/bin/sh
known=0
for name in "$@"; do
  case $name in -*) continue ;; esac
  case " $MISSING " in *" $name "*) known=1 ;; *) echo "$name=installed" ;; esac
done
exit $known
""",
    "apt-get": """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
if [ "$1" = install ] && [ "$2" = --simulate ]; then exit "${SIMULATE:-0}"; fi
exit "${APT_GET:-0}"
""",
    "sudo": '#!/bin/sh\necho "sudo" >>"$CALLS"\nexec "$@"\n',
    "id": '#!/bin/sh\necho "${USER_ID:-0}"\n',
    "bazel": '#!/bin/sh\necho "bazel $*" >>"$CALLS"\nexit 7\n',
}


def names(set_name):
    lines = (PACKAGES / f"{set_name}.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


class BazelwTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name)
        for tool in REAL_TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        for name, text in STAND_INS.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self.calls = self.bin / "calls.txt"

    def run_bazelw(self, *arguments, missing=(), **environment):
        """(exit code, calls, what it said)"""
        self.calls.write_text("")
        env = {"PATH": str(self.bin), "CALLS": str(self.calls), "MISSING": " ".join(missing)}
        run = subprocess.run([str(BAZELW), *arguments], env={**env, **environment}, cwd=self.bin,
                             stderr=subprocess.PIPE, text=True, check=False)
        return run.returncode, self.calls.read_text().splitlines(), run.stderr

    def installs(self, *arguments, missing):
        """The packages that the one apt-get install was asked for."""
        _, calls, _ = self.run_bazelw(*arguments, missing=missing)
        real = [call.split() for call in calls
                if call.startswith("apt-get install") and "--simulate" not in call]
        self.assertLessEqual(len(real), 1)
        return sorted(word for call in real for word in call[2:] if not word.startswith("-"))

    def test_nothing_missing_becomes_bazel_with_its_exit_code(self):
        code, calls, said = self.run_bazelw("--batch", "test", "//...", "--", "-x y")
        self.assertEqual((code, calls, said), (7, ["bazel --batch test //... -- -x y"], ""))

    def test_build_set_is_for_every_command(self):
        for command in (("build", "//..."), ("run", "//:pair"), ("run", "//:drill"), ()):
            missing = names("build") + names("test") + names("fuzz")
            self.assertEqual(self.installs(*command, missing=missing), sorted(names("build")))

    def test_test_set_is_for_tests_and_the_benchmark(self):
        for command in (("test", "//..."), ("--batch", "test", ":a"), ("coverage", "//..."),
                        ("run", "-c", "opt", "//:bench"), ("run", "//tests/bench:snapshot")):
            self.assertEqual(self.installs(*command, missing=names("test")), sorted(names("test")))

    def test_arguments_of_the_program_do_not_count(self):
        self.assertEqual(
            self.installs("run", "//:pair", "--", "test", "//:bench", missing=names("test")), [])
        self.assertEqual(self.installs("build", "test", missing=names("test")), [])

    def test_fuzz_set_is_for_its_configuration(self):
        self.assertEqual(self.installs("build", "--config=fuzz", "//...", missing=names("fuzz")),
                         sorted(names("fuzz")))

    def test_installs_without_recommends_and_questions_then_runs(self):
        code, calls, said = self.run_bazelw("build", "//...", missing=["libcaf-dev"])
        self.assertEqual(calls, ["apt-get install --simulate --no-install-recommends libcaf-dev",
                                 "apt-get install --yes --no-install-recommends libcaf-dev",
                                 "bazel build //..."])
        self.assertEqual(code, 7)
        self.assertIn("libcaf-dev", said)

    def test_updates_lists_that_do_not_know_a_package(self):
        _, calls, said = self.run_bazelw("build", missing=["libcaf-dev"], SIMULATE="100")
        self.assertEqual(calls[1:3], ["apt-get update",
                                      "apt-get install --yes --no-install-recommends libcaf-dev"])
        self.assertIn("apt-get update", said)

    def test_failed_installation_is_tried_again_after_an_update_and_then_said(self):
        shutil.copy(self.bin / "apt-get", self.bin / "apt-get.real")
        (self.bin / "apt-get").write_text(
            '#!/bin/sh\n"$0.real" "$@"\ncase $* in install*--yes*) exit 100 ;; esac\n')
        code, calls, said = self.run_bazelw("build", missing=["libcaf-dev"])
        self.assertEqual(code, 1)
        self.assertEqual([call.split()[1] for call in calls],
                         ["install", "install", "update", "install"])
        self.assertIn("could not install: libcaf-dev", said)

    def test_uses_sudo_when_not_root(self):
        _, calls, _ = self.run_bazelw("build", missing=["libcaf-dev"], USER_ID="1000")
        self.assertIn("sudo", calls)
        self.assertEqual(calls[-1], "bazel build")

    def test_says_the_command_when_neither_root_nor_sudo(self):
        os.unlink(self.bin / "sudo")
        code, calls, said = self.run_bazelw("build", missing=["libcaf-dev"], USER_ID="1000")
        self.assertEqual((code, calls), (1, []))
        self.assertIn("apt-get install --no-install-recommends libcaf-dev", said)

    def test_says_so_on_a_system_that_is_not_debian(self):
        os.unlink(self.bin / "dpkg-query")
        code, calls, said = self.run_bazelw("build")
        self.assertEqual((code, calls), (1, []))
        self.assertIn("not Debian", said)


if __name__ == "__main__":
    unittest.main()
