#include "tests/bench/read_flags.h"

#include "absl/strings/str_cat.h"

namespace twincached::bench {

std::string ReadFlags(int argc, char** argv, const option* flags,
                      absl::FunctionRef<bool(int flag, absl::string_view text)> read) {
  optind = 0;
  opterr = 0;
  int index = 0;
  int flag = 0;
  while ((flag = getopt_long(argc, argv, "", flags, &index)) != -1) {
    if (flag == '?' || flag == ':') {
      return absl::StrCat("unknown flag or missing value: ", argv[optind - 1]);
    }
    const absl::string_view text = optarg == nullptr ? "" : optarg;
    if (!read(flag, text)) {
      return absl::StrCat("--", flags[index].name, ": out of range: '", text, "'");
    }
  }
  return "";
}

}  // namespace twincached::bench
