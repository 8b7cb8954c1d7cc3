#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

int Option(int fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, option, &value, &length), 0);
  return value;
}

TEST(ListenTcp, InheritedOptionsAreSetOnTheListener) {
  const Peer listener(*ListenTcp(Loopback(), {}));
  EXPECT_NE(Option(listener.fd(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(Option(listener.fd(), SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_TRUE(fcntl(listener.fd(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(listener.fd(), F_GETFD) & FD_CLOEXEC);
}

TEST(ListenTcp, AnAddressOfAnotherMachineIsNamed) {
  const auto listener = ListenTcp(*ParseAddress({"192.0.2.1", 11211}), {});
  EXPECT_EQ(listener.status().message(),
            "cannot listen on 192.0.2.1:11211: Cannot assign requested address");
}

TEST(ListenTcp, EveryAddressTakesIpv4) {
  const Peer listener(*ListenTcp(*ResolveBlocking({"*", 0}), {}));
  const Address address = Loopback(LocalAddress(listener.fd()).port());
  const Peer client(socket(AF_INET, SOCK_STREAM, 0));
  const auto* name = reinterpret_cast<const sockaddr*>(address.storage);
  ASSERT_EQ(connect(client.fd(), name, address.length), 0);
  const Peer accepted(accept(listener.fd(), nullptr, nullptr));
  EXPECT_EQ(PeerAddress(accepted.fd()).HostString(), "127.0.0.1");  // not ::ffff:127.0.0.1
  EXPECT_EQ(PeerAddress(accepted.fd()).port(), LocalAddress(client.fd()).port());
  EXPECT_TRUE(IsLocalPeer(accepted.fd()));
}

TEST(Options, ReadBack) {
  const Peer peer(socket(AF_INET, SOCK_STREAM, 0));
  SetNoDelay(peer.fd());
  SetKeepAlive(peer.fd());
  SetUserTimeout(peer.fd(), 1000);
  EXPECT_NE(Option(peer.fd(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(Option(peer.fd(), SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(Option(peer.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT), 1000);
}

TEST(IsLocalPeer, KnowsAUnixSocketAndNotWhoIsGone) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Peer one(ends[0]);
  const Peer other(ends[1]);
  EXPECT_TRUE(IsLocalPeer(one.fd()));
  const Peer unconnected(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_FALSE(IsLocalPeer(unconnected.fd()));
}

TEST(Addresses, OfAUnixSocketAreNone) {
  const Peer peer(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_EQ(LocalAddress(peer.fd()).length, 0u);
  EXPECT_EQ(PeerAddress(peer.fd()).ToString(), "unix");
}

class ListenUnixTest : public testing::Test {
 protected:
  ~ListenUnixTest() override { unlink(path_.c_str()); }
  bool Connects() const {
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.data(), path_.size());
    const Peer client(socket(AF_UNIX, SOCK_STREAM, 0));
    return connect(client.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  }
  mode_t Mode() const {
    struct stat info;
    EXPECT_EQ(stat(path_.c_str(), &info), 0);
    return info.st_mode & 0777;
  }

  const std::string path_ = "/tmp/twincached_socket_" + std::to_string(getpid());
};

TEST_F(ListenUnixTest, TheFileHasTheModeAndTheUmaskIsAsBefore) {
  const mode_t before = umask(0022);
  const Peer listener(*ListenUnix(path_, 0770, 16));
  EXPECT_EQ(umask(before), mode_t{0022});
  EXPECT_EQ(Mode(), mode_t{0770});
  EXPECT_TRUE(Connects());
}

TEST_F(ListenUnixTest, AStaleFileIsReplaced) {
  Peer(*ListenUnix(path_, 0700, 16)).Close();
  EXPECT_FALSE(Connects());
  const Peer listener(*ListenUnix(path_, 0700, 16));
  EXPECT_TRUE(Connects());
}

TEST_F(ListenUnixTest, AServedFileIsLeftAlone) {
  const Peer listener(*ListenUnix(path_, 0700, 16));
  const auto second = ListenUnix(path_, 0700, 16);
  EXPECT_EQ(second.status().message(), "cannot listen on " + path_ + ": Address already in use");
  EXPECT_TRUE(Connects());
}

TEST_F(ListenUnixTest, AFileOfAnotherKindIsLeftAlone) {
  close(open(path_.c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(ListenUnix(path_, 0700, 16).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Mode(), mode_t{0600});
}

TEST_F(ListenUnixTest, APathThatDoesNotFitIsRefused) {
  const std::string path = "/tmp/" + std::string(200, 'x');
  EXPECT_EQ(ListenUnix(path, 0700, 16).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ListenUnix("", 0700, 16).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RaiseDescriptorLimit, RaisesAndNeverLowers) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low = {64, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(RaiseDescriptorLimit(32), 64u);
  EXPECT_EQ(RaiseDescriptorLimit(100), 100u);
  rlimit now;
  getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, 100u);
  EXPECT_EQ(now.rlim_max, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace twincached::net
