#include "net/address.h"

#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

struct HostPortCase {
  const char* text;
  const char* host;
  uint16_t port;
};

TEST(ParseHostPort, TakesEveryWayOfWritingIt) {
  const HostPortCase cases[] = {
      {"db1", "db1", 11211},
      {"db1:5", "db1", 5},
      {"1.2.3.4", "1.2.3.4", 11211},
      {"1.2.3.4:5", "1.2.3.4", 5},
      {"[::1]:5", "::1", 5},
      {"[::1]", "::1", 11211},
      {"::1", "::1", 11211},
      {"fe80::1:2", "fe80::1:2", 11211},
      {"*", "*", 11211},
      {"*:0", "*", 0},
      {"", "", 11211},
      {":5", "", 5},
      {"db1:65535", "db1", 65535},
  };
  for (const HostPortCase& expected : cases) {
    const auto parsed = ParseHostPort(expected.text, 11211);
    ASSERT_TRUE(parsed.ok()) << expected.text;
    EXPECT_EQ(parsed->host, expected.host) << expected.text;
    EXPECT_EQ(parsed->port, expected.port) << expected.text;
  }
}

TEST(ParseHostPort, RefusesWhatIsNone) {
  for (const char* text : {"db1:", "db1:x", "db1:65536", "db1:-1", "db1:+1", "db1: 1", "[::1",
                           "[]:5", "[::1]5", "[::1]:", "db1:99999999999"}) {
    const auto parsed = ParseHostPort(text, 11211);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(parsed.status().message().find(text), absl::string_view::npos);
  }
}

TEST(ParseAddress, LiteralsComeBackAsText) {
  EXPECT_EQ(ParseAddress({"1.2.3.4", 5})->ToString(), "1.2.3.4:5");
  EXPECT_EQ(ParseAddress({"::1", 5})->ToString(), "[::1]:5");
  EXPECT_EQ(ParseAddress({"2001:DB8:0::1", 65535})->ToString(), "[2001:db8::1]:65535");
  EXPECT_EQ(ParseAddress({"::", 0})->HostString(), "::");
  EXPECT_EQ(ParseAddress({"1.2.3.4", 5})->HostString(), "1.2.3.4");
  EXPECT_EQ(ParseAddress({"1.2.3.4", 60000})->port(), 60000);
}

TEST(ParseAddress, RefusesNames) {
  for (const char* host :
       {"localhost", "", "*", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1::2::3", ":"}) {
    EXPECT_FALSE(ParseAddress({host, 1}).ok()) << host;
  }
}

TEST(Address, WithPortChangesThePortOnly) {
  const Address v6 = ParseAddress({"::1", 5})->WithPort(6);
  EXPECT_EQ(v6.ToString(), "[::1]:6");
  EXPECT_EQ(ParseAddress({"1.2.3.4", 5})->WithPort(0).ToString(), "1.2.3.4:0");
}

TEST(Address, OfNothingIsUnix) {
  EXPECT_EQ(Address().ToString(), "unix");
  EXPECT_EQ(Address().port(), 0);
  EXPECT_EQ(Address().WithPort(5).port(), 0);
}

TEST(ResolveBlocking, AnswersLiteralsAndNames) {
  EXPECT_EQ(ResolveBlocking({"1.2.3.4", 5})->ToString(), "1.2.3.4:5");
  EXPECT_EQ(ResolveBlocking({"localhost", 5})->ToString(), "127.0.0.1:5");
}

TEST(ResolveBlocking, EveryAddressIsWrittenAsAStarOrNothing) {
  for (const char* host : {"*", ""}) {
    const auto every = ResolveBlocking({host, 5});
    ASSERT_TRUE(every.ok());
    EXPECT_EQ(every->ToString(), every->dual_stack ? "[::]:5" : "0.0.0.0:5");
  }
}

TEST(ResolveBlocking, WhatLooksLikeAnAddressIsNotLookedUp) {
  EXPECT_FALSE(ResolveBlocking({"1::2::3", 5}).ok());
}

}  // namespace
}  // namespace twincached::net
