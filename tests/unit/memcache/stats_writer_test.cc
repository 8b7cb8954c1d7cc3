#include "proto/memcache/stats_writer.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace twincached {
namespace {

TEST(StatsWriter, WritesOneLineForEachStatisticAndEnd) {
  std::string out;
  StatsWriter writer(&out);
  writer.Number("pid", 4711);
  writer.Text("version", "1.6.18");
  writer.YesNo("cas_enabled", true);
  writer.YesNo("shutdown_command", false);
  writer.Numbers({{"cmd_get", 0}, {"bytes", 18446744073709551615u}});
  writer.End();
  EXPECT_EQ(
      out,
      "STAT pid 4711\r\nSTAT version 1.6.18\r\nSTAT cas_enabled yes\r\nSTAT shutdown_command no\r\n"
      "STAT cmd_get 0\r\nSTAT bytes 18446744073709551615\r\nEND\r\n");
}

TEST(StatsWriter, WithoutStatisticsIsOnlyEnd) {
  std::string out = "STORED\r\n";
  StatsWriter(&out).End();
  EXPECT_EQ(out, "STORED\r\nEND\r\n");
}

TEST(StatsWriter, WritesNegativeNumbers) {
  std::string out;
  StatsWriter writer(&out);
  writer.Signed("a", -1);
  writer.Signed("b", std::numeric_limits<int64_t>::min());
  writer.Signed("c", 7);
  EXPECT_EQ(out, "STAT a -1\r\nSTAT b -9223372036854775808\r\nSTAT c 7\r\n");
}

TEST(StatsWriter, WritesSecondsWithSixDecimals) {
  std::string out;
  StatsWriter writer(&out);
  writer.Seconds("rusage_user", 36754);
  writer.Seconds("rusage_system", 12'000'001);
  writer.Seconds("zero", 0);
  EXPECT_EQ(out,
            "STAT rusage_user 0.036754\r\nSTAT rusage_system 12.000001\r\nSTAT zero 0.000000\r\n");
}

}  // namespace
}  // namespace twincached
