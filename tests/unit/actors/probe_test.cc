// What a probe concludes, and the port that answers it.
#include "actors/probe.h"

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "tests/unit/net/loop_fixture.h"

namespace twincached {
namespace {

using Result = Prober::Result;

class ProbeTest : public net::LoopTest {
 protected:
  void Probe(const net::Address& target) {
    results_.clear();
    prober_ = std::make_unique<Prober>(loop_.get(), target,
                                       [this](Result result) { results_.push_back(result); });
  }
  // Of the probe under way; it calls back once.
  Result Concludes() {
    EXPECT_TRUE(PollUntil([this] { return !results_.empty(); }));
    Settle();
    EXPECT_EQ(results_.size(), 1u);
    return results_.empty() ? Result::kSilent : results_[0];
  }

  std::unique_ptr<Prober> prober_;
  std::vector<Result> results_;
};

TEST_P(ProbeTest, APortThatIsHeldAcceptsAndOneThatIsGoneRefuses) {
  ProbePort port;
  ASSERT_TRUE(port.Open(loop_.get(), {net::Loopback()}).ok());
  const net::Address address = net::Loopback(port.port());
  Probe(address);
  EXPECT_EQ(Concludes(), Result::kAccepted);
  port.Close();
  Probe(address);
  EXPECT_EQ(Concludes(), Result::kRefused);
}

TEST_P(ProbeTest, TheKernelAcceptsForAProcessThatDoesNotRun) {
  net::Peer listener(*net::ListenTcp(net::Loopback(), {}));
  Probe(net::LocalAddress(listener.fd()));
  EXPECT_EQ(Concludes(), Result::kAccepted);
}

TEST_P(ProbeTest, AConnectThatIsResetWasAnswered) {
  net::Peer listener(*net::ListenTcp(net::Loopback(), {}));
  Probe(net::LocalAddress(listener.fd()));
  // Before the loop could look: somebody was there to do it.
  net::Peer(accept(listener.fd(), nullptr, nullptr)).CloseWithReset();
  EXPECT_EQ(Concludes(), Result::kAccepted);
}

TEST_P(ProbeTest, OneNumberIsHeldOnEveryAddress) {
  const net::Address other = *net::ParseAddress({"127.0.0.2", 0});
  ProbePort port;
  ASSERT_TRUE(port.Open(loop_.get(), {net::Loopback(), other}).ok());
  for (const net::Address& host : {net::Loopback(), other}) {
    Probe(host.WithPort(port.port()));
    EXPECT_EQ(Concludes(), Result::kAccepted) << host.ToString();
  }
}

INSTANTIATE_TEST_SUITE_P(With, ProbeTest, net::EveryPoller(), net::NameOfPoller);

}  // namespace
}  // namespace twincached
