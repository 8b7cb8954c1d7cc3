// QuotedJson: a JSON string literal, for reports.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace twincached::bench {

// REQUIRES: no control characters in `text`: who takes text from outside escapes it (CHexEscape).
std::string QuotedJson(absl::string_view text);

}  // namespace twincached::bench
