// Where a Sender puts the frames that are to leave: a connection's output, seen from here.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace twincached::replication {

class FrameOutput {
 public:
  virtual ~FrameOutput() = default;

  // Where bytes are appended. Good until the next call of another method.
  virtual std::string* text() = 0;
  // Appends a frame that stays where and what it is while `owner` lives.
  virtual void Lend(absl::string_view frame, std::shared_ptr<const void> owner) = 0;
  // Bytes appended or lent that have not left.
  virtual size_t unsent() const = 0;
};

}  // namespace twincached::replication
