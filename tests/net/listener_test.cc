#include "net/listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "net/listener_fixture.h"

namespace bao::net::listener_tests {
namespace {

using Family = SocketAddress::Family;

// --- TCP ---

TEST(TcpListener, ListensOnIpv4AndKnowsItsRealPort) {
  Listener listener = Listener::open({.hostname = "127.0.0.1"});
  EXPECT_EQ(listener.local().address, "127.0.0.1");
  EXPECT_EQ(listener.local().family, Family::ipv4);
  EXPECT_GT(listener.local().port, 0);
  EXPECT_EQ(listener.options().port, 0);
  EXPECT_EQ(listener.options().hostname, "127.0.0.1");
  EXPECT_TRUE(answers(listener, "127.0.0.1"));
}

TEST(TcpListener, ListensOnIpv6) {
  BAO_NEEDS_IPV6();
  Listener listener = Listener::open({.hostname = "::1"});
  EXPECT_EQ(listener.local().address, "::1");
  EXPECT_EQ(listener.local().family, Family::ipv6);
  EXPECT_TRUE(answers(listener, "::1"));
}

TEST(TcpListener, TakesIpv6InBrackets) {
  BAO_NEEDS_IPV6();
  Listener listener = Listener::open({.hostname = "[::1]"});
  EXPECT_EQ(listener.local().address, "::1");
  EXPECT_TRUE(answers(listener, "::1"));
}

TEST(TcpListener, EmptyHostnameIsReachedOverBothFamilies) {
  BAO_NEEDS_IPV6();
  Listener listener = Listener::open({});
  EXPECT_EQ(listener.local().address, "::");
  EXPECT_TRUE(answers(listener, "127.0.0.1"));
  EXPECT_TRUE(answers(listener, "::1"));
}

TEST(TcpListener, UnspecifiedIpv6IsReachedOverBothFamilies) {
  BAO_NEEDS_IPV6();
  Listener listener = Listener::open({.hostname = "::"});
  EXPECT_TRUE(answers(listener, "127.0.0.1"));
  EXPECT_TRUE(answers(listener, "::1"));
}

TEST(TcpListener, UnspecifiedIpv4IsReachedOverIpv4Only) {
  BAO_NEEDS_IPV6();
  Listener listener = Listener::open({.hostname = "0.0.0.0"});
  EXPECT_TRUE(answers(listener, "127.0.0.1"));
  FileDescriptor client;
  EXPECT_EQ(connect_tcp("::1", listener.local().port, client), ECONNREFUSED);
}

TEST(TcpListener, Ipv6OnlyRefusesIpv4Clients) {
  BAO_NEEDS_IPV6();
  for (const char* hostname : {"", "::", "[::]"}) {
    Listener listener = Listener::open({.hostname = hostname, .ipv6_only = true});
    EXPECT_TRUE(answers(listener, "::1"));
    FileDescriptor client;
    EXPECT_EQ(connect_tcp("127.0.0.1", listener.local().port, client), ECONNREFUSED) << hostname;
  }
}

TEST(TcpListener, Ipv6OnlyWithAnIpv4HostnameIsAnError) {
  for (const char* hostname : {"127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"}) {
    const Refusal why = refusal({.hostname = hostname, .ipv6_only = true});
    EXPECT_EQ(why.code, "EINVAL");
    EXPECT_EQ(why.sentence, "ipv6_only is set, but the hostname \"" + std::string(hostname) +
                                "\" has IPv4 only: use an IPv6 address such as ::, or leave "
                                "ipv6_only out.");
  }
}

// Makes socket(AF_INET6) fail in this process as it does under a kernel with ipv6.disable=1.
bool take_ipv6_away() {
  return filter_system_calls({
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  });
}

TEST(TcpListener, WithoutIpv6AllInterfacesAreIpv4) {
  const int status = in_child([] {
    if (!take_ipv6_away()) return kSkipped;
    Listener listener = Listener::open({});
    return listener.local().address == "0.0.0.0" && answers(listener, "127.0.0.1") ? 0 : 1;
  });
  if (status == kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

TEST(TcpListener, WithoutIpv6AnIpv6HostnameIsAnErrorThatSaysSo) {
  const int status = in_child([] {
    if (!take_ipv6_away()) return kSkipped;
    const Refusal all = refusal({.ipv6_only = true});
    const Refusal one = refusal({.hostname = "::1", .port = 3000});
    if (all.code != "EAFNOSUPPORT" || one.code != "EAFNOSUPPORT") return 1;
    return one.sentence ==
                   "Port 3000 on ::1 cannot be opened because this machine has no IPv6: use an "
                   "IPv4 address."
               ? 0
               : 2;
  });
  if (status == kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

TEST(TcpListener, LocalhostIsIpv4First) {
  Listener listener = Listener::open({.hostname = "localhost"});
  EXPECT_EQ(listener.local().address, "127.0.0.1");
  EXPECT_TRUE(answers(listener, "127.0.0.1"));
}

// Runs `body` in a process in which /etc/hosts consists of `lines`, or gives kSkipped.
int with_hosts(const std::string& lines, const std::function<int()>& body) {
  const TemporaryFolder folder;
  std::ofstream(folder / "hosts") << lines;
  return in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return kSkipped;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kSkipped;
    const std::string hosts = folder / "hosts";
    if (::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) return kSkipped;
    return body();
  });
}

TEST(TcpListener, NameOfBothFamiliesIsIpv4UnlessIpv6Only) {
  BAO_NEEDS_IPV6();
  const int status = with_hosts("::1 both.test\n127.0.0.1 both.test\n", [] {
    Listener any = Listener::open({.hostname = "both.test"});
    if (any.local().address != "127.0.0.1") return 1;
    Listener ipv6 = Listener::open({.hostname = "both.test", .ipv6_only = true});
    return ipv6.local().address == "::1" && answers(ipv6, "::1") ? 0 : 2;
  });
  if (status == kSkipped) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(status, 0);
}

// RFC 5737: 192.0.2.0/24 belongs to no machine.
TEST(TcpListener, NameTakesItsFirstAddressOfThisMachine) {
  BAO_NEEDS_IPV6();
  const int status = with_hosts("192.0.2.1 two.test one.test\n::1 two.test\n", [] {
    Listener listener = Listener::open({.hostname = "two.test"});
    if (listener.local().address != "::1") return 1;
    const Refusal why = refusal({.hostname = "one.test", .port = 3000});
    if (why.code != "EADDRNOTAVAIL") return 2;
    return why.sentence.starts_with("Port 3000 on one.test (192.0.2.1) cannot be opened") ? 0 : 3;
  });
  if (status == kSkipped) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(status, 0);
}

// A label of more than 63 bytes (RFC 1035 section 2.3.4) cannot exist, so no resolver is asked.
TEST(TcpListener, UnknownNameIsAnErrorThatNamesIt) {
  const std::string name(70, 'a');
  const Refusal why = refusal({.hostname = name});
  EXPECT_EQ(why.code, "ENOTFOUND");
  EXPECT_TRUE(why.sentence.starts_with("The hostname \"" + name + "\" cannot be resolved ("))
      << why.sentence;
  EXPECT_TRUE(
      why.sentence.ends_with("): check hostname, or leave it out to listen on all interfaces."))
      << why.sentence;
}

TEST(TcpListener, AHostnameOfAWrongFormIsAnErrorThatNamesIt) {
  for (const char* hostname : {"[::1", "1:2:3", "127.0.0.1:3000", "http://localhost"}) {
    const Refusal why = refusal({.hostname = hostname});
    EXPECT_EQ(why.code, "EINVAL") << hostname;
    EXPECT_TRUE(
        why.sentence.starts_with("The hostname \"" + std::string(hostname) + "\" is wrong: it "))
        << why.sentence;
  }
}

TEST(TcpListener, AnUnknownZoneIsAnErrorThatNamesIt) {
  for (const char* hostname : {"fe80::1%no-such-zone", "[fe80::1%no-such-zone]"}) {
    const Refusal why = refusal({.hostname = hostname});
    EXPECT_EQ(why.code, "EINVAL");
    EXPECT_EQ(why.sentence, "The hostname \"" + std::string(hostname) +
                                "\" has a zone that this machine does not know: put one of its "
                                "interfaces behind the %, as in fe80::1%eth0.");
  }
}

// RFC 4007 section 11: the zone is understood, the machine just has no such address there.
TEST(TcpListener, TakesZones) {
  BAO_NEEDS_IPV6();
  for (const char* hostname : {"fe80::1%lo", "[fe80::1%lo]"}) {
    const Refusal why = refusal({.hostname = hostname, .port = 3000});
    EXPECT_EQ(why.code, "EADDRNOTAVAIL");
    EXPECT_TRUE(why.sentence.starts_with("Port 3000 on fe80::1%lo cannot be opened"))
        << why.sentence;
  }
}

TEST(TcpListener, LinkLocalWithoutZoneIsAnErrorThatAsksForIt) {
  BAO_NEEDS_IPV6();
  const Refusal why = refusal({.hostname = "fe80::1", .port = 3000});
  EXPECT_EQ(why.code, "EINVAL");
  EXPECT_EQ(why.sentence,
            "Port 3000 on fe80::1 cannot be opened because a link-local address needs a zone: "
            "append % and the interface, as in fe80::1%eth0.");
}

// RFC 5737: 192.0.2.0/24 belongs to no machine.
TEST(TcpListener, AddressOfAnotherMachineIsAnError) {
  const Refusal why = refusal({.hostname = "192.0.2.1", .port = 3000});
  EXPECT_EQ(why.code, "EADDRNOTAVAIL");
  EXPECT_EQ(why.sentence,
            "Port 3000 on 192.0.2.1 cannot be opened because this machine has no such address: use "
            "one of its own, or leave hostname out to listen on all interfaces.");
}

TEST(TcpListener, PortInUseIsAnErrorThatNamesAddressAndPort) {
  const Listener first = Listener::open({.hostname = "127.0.0.1"});
  const int port = first.local().port;
  const Refusal why = refusal({.hostname = "127.0.0.1", .port = port});
  EXPECT_EQ(why.code, "EADDRINUSE");
  EXPECT_EQ(why.sentence, "Port " + std::to_string(port) +
                              " on 127.0.0.1 is in use already: stop what uses it, choose another "
                              "port, or use port 0 for any free one.");
}

TEST(TcpListener, ErrorsNameTheHostAndItsAddress) {
  const Listener first = Listener::open({.hostname = "127.0.0.1"});
  const int port = first.local().port;
  const std::string start = "Port " + std::to_string(port) + " on ";
  const Refusal name = refusal({.hostname = "localhost", .port = port});
  EXPECT_TRUE(name.sentence.starts_with(start + "localhost (127.0.0.1) is in use"))
      << name.sentence;
  const Refusal all = refusal({.port = port});
  EXPECT_TRUE(all.sentence.starts_with(start + "all interfaces (" +
                                       (has_ipv6() ? "::" : "0.0.0.0") + ") is in use"))
      << all.sentence;
}

TEST(TcpListener, PrivilegedPortIsAnErrorThatSaysSo) {
  int first_free = 1024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_free;
  if (first_free <= 1) GTEST_SKIP() << "every port is free for all here";
  const int status = in_child([] {
    if (!become_ordinary_user()) return kSkipped;
    const Refusal why = refusal({.hostname = "127.0.0.1", .port = 1});
    if (why.code != "EACCES") return 1;
    return why.sentence ==
                   "Port 1 on 127.0.0.1 may only be opened with a privilege: choose a port from "
                   "1024 up, or give the program the capability CAP_NET_BIND_SERVICE."
               ? 0
               : 2;
  });
  if (status == kSkipped) GTEST_SKIP() << "cannot become an ordinary user";
  EXPECT_EQ(status, 0);
}

TEST(TcpListener, PortOutOfRangeIsAnErrorThatNamesIt) {
  for (const int port : {-1, 65536, 100000}) {
    const Refusal why = refusal({.port = port});
    EXPECT_EQ(why.code, "EINVAL");
    EXPECT_EQ(why.sentence, "port is " + std::to_string(port) +
                                ": use a number from 1 to 65535, or 0 for any free port.");
  }
}

TEST(TcpListener, NulInTheHostnameIsAnError) {
  EXPECT_EQ(refusal({.hostname = std::string("127.0.0.1\0x", 11)}).code, "EINVAL");
}

TEST(TcpListener, ReusePortSharesAPortAmongThoseWhoAskForIt) {
  Listener first = Listener::open({.hostname = "127.0.0.1", .reuse_port = true});
  const int port = first.local().port;
  {
    const Listener second =
        Listener::open({.hostname = "127.0.0.1", .port = port, .reuse_port = true});
    EXPECT_EQ(second.local().port, port);
    EXPECT_EQ(refusal({.hostname = "127.0.0.1", .port = port}).code, "EADDRINUSE");
  }
  EXPECT_TRUE(answers(first, "127.0.0.1"));
}

TEST(TcpListener, ReusePortOnAPortThatIsNotSharedIsAnErrorThatSaysSo) {
  const Listener first = Listener::open({.hostname = "127.0.0.1"});
  const int port = first.local().port;
  const Refusal why = refusal({.hostname = "127.0.0.1", .port = port, .reuse_port = true});
  EXPECT_EQ(why.code, "EADDRINUSE");
  EXPECT_EQ(why.sentence, "Port " + std::to_string(port) +
                              " on 127.0.0.1 is in use by a program that does not share it: start "
                              "it as the same user and with reuse_port too, stop it, or choose "
                              "another port.");
}

TEST(TcpListener, RestartsWhileOldConnectionsLingerInTimeWait) {
  Listener listener = Listener::open({.hostname = "127.0.0.1"});
  const int port = listener.local().port;
  FileDescriptor client;
  ASSERT_EQ(connect_tcp("127.0.0.1", port, client), 0);
  Accepted accepted;
  ASSERT_EQ(accept_next(listener, accepted), AcceptStatus::accepted);
  listener.close();
  accepted.fd.reset();  // the side that closes first lingers
  char end;
  ASSERT_EQ(::read(client.get(), &end, 1), 0);
  client.reset();
  EXPECT_EQ(Listener::open({.hostname = "127.0.0.1", .port = port}).local().port, port);
}

TEST(TcpListener, SocketsAreNonBlockingCloseOnExecAndWithoutDelay) {
  Listener listener = Listener::open({.hostname = "127.0.0.1"});
  FileDescriptor client;
  ASSERT_EQ(connect_tcp("127.0.0.1", listener.local().port, client), 0);
  Accepted accepted;
  ASSERT_EQ(accept_next(listener, accepted), AcceptStatus::accepted);
  for (const int fd : {listener.fd(), accepted.fd.get()}) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
    int no_delay = 0;
    socklen_t length = sizeof(no_delay);
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
    EXPECT_EQ(no_delay, 1);
  }
}

TEST(TcpListener, BacklogReachesTheKernel) {
  const Listener listener = Listener::open({.hostname = "127.0.0.1", .backlog = 7});
  tcp_info info{};
  socklen_t length = sizeof(info);
  ASSERT_EQ(::getsockopt(listener.fd(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(info.tcpi_sacked, 7u);  // the backlog, for a socket that listens (tcp_diag)
}

TEST(TcpListener, CloseFreesThePort) {
  Listener listener = Listener::open({.hostname = "127.0.0.1"});
  const int port = listener.local().port;
  listener.close();
  listener.close();
  EXPECT_EQ(listener.fd(), -1);
  FileDescriptor client;
  EXPECT_EQ(connect_tcp("127.0.0.1", port, client), ECONNREFUSED);
}

TEST(TcpListener, Moves) {
  Listener first = Listener::open({.hostname = "127.0.0.1"});
  Listener second = std::move(first);
  EXPECT_TRUE(answers(second, "127.0.0.1"));
  Listener third = Listener::open({.hostname = "127.0.0.1"});
  const int closed_port = third.local().port;
  third = std::move(second);
  EXPECT_TRUE(answers(third, "127.0.0.1"));
  FileDescriptor client;
  EXPECT_EQ(connect_tcp("127.0.0.1", closed_port, client), ECONNREFUSED);
}

// --- accept() ---

TEST(Accept, WouldBlockWhenNobodyWaits) {
  Listener listener = Listener::open({.hostname = "127.0.0.1"});
  Accepted accepted;
  EXPECT_EQ(listener.accept(accepted), AcceptStatus::would_block);
  EXPECT_FALSE(accepted.fd);
}

TEST(Accept, ReportsThePeer) {
  Listener listener = Listener::open({.hostname = "127.0.0.1"});
  FileDescriptor client;
  ASSERT_EQ(connect_tcp("127.0.0.1", listener.local().port, client), 0);
  Accepted accepted;
  ASSERT_EQ(accept_next(listener, accepted), AcceptStatus::accepted);
  sockaddr_storage own{};
  socklen_t length = sizeof(own);
  ASSERT_EQ(::getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &length), 0);
  EXPECT_EQ(to_socket_address(accepted.peer), from_sockaddr(own, length));
  EXPECT_EQ(to_socket_address(accepted.peer).address, "127.0.0.1");
}

TEST(Accept, DualStackReportsIpv4PeersAsIpv4) {
  BAO_NEEDS_IPV6();
  Listener listener = Listener::open({});
  FileDescriptor client;
  Accepted accepted;
  ASSERT_EQ(connect_tcp("127.0.0.1", listener.local().port, client), 0);
  ASSERT_EQ(accept_next(listener, accepted), AcceptStatus::accepted);
  EXPECT_EQ(to_socket_address(accepted.peer).address, "127.0.0.1");
  EXPECT_EQ(accepted.peer.family, Family::ipv4);
  ASSERT_EQ(connect_tcp("::1", listener.local().port, client), 0);
  ASSERT_EQ(accept_next(listener, accepted), AcceptStatus::accepted);
  EXPECT_EQ(to_socket_address(accepted.peer).address, "::1");
  EXPECT_EQ(accepted.peer.family, Family::ipv6);
}

TEST(Accept, OutOfDescriptorsKeepsTheConnectionInTheQueue) {
  const int status = in_child([] {
    Listener listener = Listener::open({.hostname = "127.0.0.1"});
    FileDescriptor client;
    if (connect_tcp("127.0.0.1", listener.local().port, client) != 0) return 1;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const FileDescriptor next(::dup(listener.fd()));
    const rlimit full{.rlim_cur = static_cast<rlim_t>(next.get()) + 1, .rlim_max = before.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &full) != 0) return 2;
    Accepted accepted;
    if (accept_next(listener, accepted) != AcceptStatus::out_of_descriptors) return 3;
    ::setrlimit(RLIMIT_NOFILE, &before);
    return accept_next(listener, accepted) == AcceptStatus::accepted ? 0 : 4;
  });
  EXPECT_EQ(status, 0);
}

TEST(Accept, OpeningWithoutDescriptorsIsAnErrorThatSaysSo) {
  const int status = in_child([] {
    const FileDescriptor next(::dup(0));
    const rlimit full{.rlim_cur = static_cast<rlim_t>(next.get()) + 1,
                      .rlim_max = static_cast<rlim_t>(next.get()) + 1};
    if (!next || ::setrlimit(RLIMIT_NOFILE, &full) != 0) return 1;
    const Refusal tcp = refusal({.hostname = "127.0.0.1", .port = 3000});
    const Refusal unix_socket = refusal({.unix_path = "/tmp/bao-never-made.sock"});
    if (tcp.code != "EMFILE" || unix_socket.code != "EMFILE") return 2;
    return tcp.sentence ==
                   "Port 3000 on 127.0.0.1 cannot be opened because too many files are open: raise "
                   "the limit (ulimit -n) or close some."
               ? 0
               : 3;
  });
  EXPECT_EQ(status, 0);
}

TEST(Accept, ClassifiesEveryErrorOfTheManual) {
  EXPECT_EQ(classify_accept_error(EAGAIN), AcceptStatus::would_block);
  EXPECT_EQ(classify_accept_error(EWOULDBLOCK), AcceptStatus::would_block);
  for (const int error : {ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
                          EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT, EPERM}) {
    EXPECT_EQ(classify_accept_error(error), AcceptStatus::transient_error) << strerror(error);
  }
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    EXPECT_EQ(classify_accept_error(error), AcceptStatus::out_of_descriptors) << strerror(error);
  }
}

TEST(Accept, AnUnforeseenErrorPausesInsteadOfSpinning) {
  EXPECT_EQ(classify_accept_error(EIO), AcceptStatus::out_of_descriptors);
}

}  // namespace
}  // namespace bao::net::listener_tests
