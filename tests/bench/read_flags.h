// The command line of a bench program, with getopt_long.
#pragma once

#include <getopt.h>

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace twincached::bench {

// Gives every flag that is there to `read`, with its value (empty when it has none); optind is then
// the first argument that is no flag. Empty, or what is wrong: a flag that is not in `flags` (which
// end with a row of zeroes), or a value that `read` refused.
std::string ReadFlags(int argc, char** argv, const option* flags,
                      absl::FunctionRef<bool(int flag, absl::string_view text)> read);

}  // namespace twincached::bench
