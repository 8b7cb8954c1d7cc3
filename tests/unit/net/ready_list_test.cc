#include "net/ready_list.h"

#include <memory>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

TEST(ReadyList, GivesNodesInTheOrderTheyCame) {
  ReadyList list;
  ReadyNode a, b, c;
  EXPECT_EQ(list.TakeFirst(), nullptr);
  list.Link(&a);
  list.Link(&b);
  list.Link(&a);  // is in already
  list.Link(&c);
  EXPECT_EQ(list.TakeFirst(), &a);
  EXPECT_FALSE(a.linked());
  EXPECT_EQ(list.TakeFirst(), &b);
  EXPECT_EQ(list.TakeFirst(), &c);
  EXPECT_TRUE(list.empty());
}

TEST(ReadyList, ANodeThatGoesAwayLeavesTheList) {
  ReadyList list;
  ReadyNode a, c;
  auto b = std::make_unique<ReadyNode>();
  list.Link(&a);
  list.Link(b.get());
  list.Link(&c);
  b.reset();
  a.Unlink();
  a.Unlink();
  EXPECT_EQ(list.TakeFirst(), &c);
  EXPECT_TRUE(list.empty());
}

TEST(ReadyList, TakesAllOfAnother) {
  ReadyList from, to;
  ReadyNode a, b;
  to.TakeAll(from);
  EXPECT_TRUE(to.empty());
  from.Link(&a);
  from.Link(&b);
  to.TakeAll(from);
  EXPECT_TRUE(from.empty());
  a.Unlink();
  from.Link(&a);
  EXPECT_EQ(to.TakeFirst(), &b);
  EXPECT_EQ(to.TakeFirst(), nullptr);
  EXPECT_EQ(from.TakeFirst(), &a);
}

}  // namespace
}  // namespace twincached::net
