#include <memory>
#include <string>
#include <vector>

#include "net/address.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class ResolverTest : public LoopTest {
 protected:
  void Ask(const std::string& host) {
    resolver_->Resolve({host, 5}, [this](absl::StatusOr<Address> address) {
      answers_.push_back(address.ok() ? address->ToString() : "failed");
    });
  }

  std::unique_ptr<Resolver> resolver_ = std::make_unique<Resolver>(loop_.get());
  std::vector<std::string> answers_;
};

TEST_P(ResolverTest, AnswersALiteralInTheNextPoll) {
  Ask("1.2.3.4");
  EXPECT_EQ(answers_.size(), 0u);  // never from inside the call
  loop_->Poll(-1);
  EXPECT_EQ(answers_, std::vector<std::string>{"1.2.3.4:5"});
}

TEST_P(ResolverTest, AnswersNamesOnce) {
  Ask("localhost");
  Ask("1::2::3");
  Ask("localhost");
  EXPECT_TRUE(PollUntil([&] { return answers_.size() == 3; }));
  Settle();
  EXPECT_EQ(answers_, (std::vector<std::string>{"127.0.0.1:5", "failed", "127.0.0.1:5"}));
}

TEST_P(ResolverTest, DestroyedDoesNotAnswer) {
  Ask("1.2.3.4");
  Ask("localhost");
  resolver_.reset();
  Settle();
  EXPECT_EQ(answers_.size(), 0u);
}

TEST_P(ResolverTest, MayBeDestroyedInsideItsAnswer) {
  resolver_->Resolve({"1.2.3.4", 5}, [this](absl::StatusOr<Address>) {
    resolver_.reset();
    answers_.push_back("first");
  });
  Ask("1.2.3.4");
  Settle();
  EXPECT_EQ(answers_, std::vector<std::string>{"first"});
}

TEST_P(ResolverTest, TheLoopMayGoWhileALookUpRuns) {
  Ask("localhost");
  resolver_.reset();
  loop_.reset();
}

INSTANTIATE_TEST_SUITE_P(With, ResolverTest, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
