// What -h and -i print. Static text; the order and the wording are memcached's where the flag is.
#pragma once

#include "absl/strings/string_view.h"

namespace twincached {

// Without the version line that goes before it.
absl::string_view HelpText();
absl::string_view LicenseText();

}  // namespace twincached
