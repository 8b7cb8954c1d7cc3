// A FrameOutput that is a string: what was lent looks like what was appended. For tests.
#pragma once

#include <memory>
#include <string>

#include "proto/replication/frame_output.h"

namespace twincached::replication {

class StringOutput final : public FrameOutput {
 public:
  explicit StringOutput(std::string* wire) : wire_(wire) {}

  std::string* text() override { return wire_; }
  void Lend(absl::string_view frame, std::shared_ptr<const void> owner) override {
    wire_->append(frame.data(), frame.size());
    owners_lent_ += owner != nullptr ? 1 : 0;
  }
  size_t unsent() const override { return wire_->size(); }
  int owners_lent() const { return owners_lent_; }

 private:
  std::string* const wire_;
  int owners_lent_ = 0;
};

}  // namespace twincached::replication
