"""A libFuzzer target that is a regression test over its corpus at all other times."""

def fuzz_test(name, srcs, corpus, deps):
    """The source defines LLVMFuzzerTestOneInput; a finding is a crash.

    Args:
      name: of the cc_test.
      srcs: with LLVMFuzzerTestOneInput.
      corpus: files, each one input.
      deps: of the source.
    """
    native.cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = ["$(rootpath %s)" % file for file in corpus],
        data = corpus,
        linkopts = select({
            "//tests:fuzz": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//tests:fuzz": [],
            "//conditions:default": [":replay_main"],
        }),
    )
