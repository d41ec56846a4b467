#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <initializer_list>
#include <latch>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "net/listener_fixture.h"

namespace bao::net::listener_tests {
namespace {

using Family = SocketAddress::Family;

// A socket bound to `path` that does not listen.
FileDescriptor bind_unix(const std::string& path, int type = SOCK_STREAM) {
  FileDescriptor fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const sockaddr_un un = unix_address(path);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&un), sizeof(un)), 0);
  return fd;
}

void leave_dead_socket(const std::string& path) {
  bind_unix(path).reset();
}

// --- Unix sockets ---

TEST(UnixListener, ListensAndRemovesItsFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  {
    Listener listener = Listener::open({.unix_path = path});
    EXPECT_EQ(listener.local(),
              (SocketAddress{.address = path, .port = 0, .family = Family::unix_domain}));
    EXPECT_TRUE(answers_unix(listener, path));
    EXPECT_TRUE(exists(path));
  }
  EXPECT_FALSE(exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "nothing else is left behind either";
}

TEST(UnixListener, PeerIsUnnamedAndSocketsAreNonBlockingCloseOnExec) {
  const TemporaryFolder folder;
  Listener listener = Listener::open({.unix_path = folder / "a.sock"});
  FileDescriptor client;
  ASSERT_EQ(connect_unix(folder / "a.sock", client), 0);
  Accepted accepted;
  accepted.peer.port = 1;
  ASSERT_EQ(accept_next(listener, accepted), AcceptStatus::accepted);
  EXPECT_EQ(accepted.peer, PeerAddress{});
  for (const int fd : {listener.fd(), accepted.fd.get()}) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
}

TEST(UnixListener, ReplacesTheFileOfADeadServer) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  leave_dead_socket(path);
  ASSERT_TRUE(exists(path));
  Listener listener = Listener::open({.unix_path = path});
  EXPECT_TRUE(answers_unix(listener, path));
}

TEST(UnixListener, LiveServerIsAnErrorAndLeftAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  Listener first = Listener::open({.unix_path = path});
  const Refusal why = refusal({.unix_path = path});
  EXPECT_EQ(why.code, "EADDRINUSE");
  EXPECT_EQ(why.sentence, "The unix socket " + path +
                              " is in use already: stop what uses it or choose another path.");
  Accepted probe;
  EXPECT_EQ(accept_next(first, probe), AcceptStatus::accepted) << "the question whether it lives";
  EXPECT_TRUE(answers_unix(first, path));
}

TEST(UnixListener, LiveServerWithAFullQueueIsAnErrorToo) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  const Listener first = Listener::open({.unix_path = path, .backlog = 0});
  std::vector<FileDescriptor> waiting;
  const sockaddr_un un = unix_address(path);
  int error = 0;
  while (error == 0 && waiting.size() < 100) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto* address = reinterpret_cast<const sockaddr*>(&un);
    if (::connect(waiting.back().get(), address, sizeof(un)) != 0) error = errno;
  }
  ASSERT_EQ(error, EAGAIN);
  EXPECT_EQ(refusal({.unix_path = path}).code, "EADDRINUSE");
  EXPECT_TRUE(exists(path));
}

TEST(UnixListener, LiveDatagramSocketIsAnErrorToo) {
  const TemporaryFolder folder;
  const FileDescriptor datagrams = bind_unix(folder / "a.sock", SOCK_DGRAM);
  EXPECT_EQ(refusal({.unix_path = folder / "a.sock"}).code, "EADDRINUSE");
  EXPECT_TRUE(exists(folder / "a.sock"));
}

TEST(UnixListener, WhatIsNoSocketIsAnErrorAndNeverRemoved) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "precious";
  std::filesystem::create_directory(folder / "folder");
  leave_dead_socket(folder / "dead.sock");
  std::filesystem::create_symlink(folder / "dead.sock", folder / "link");
  std::filesystem::create_symlink(folder / "nowhere", folder / "dangling");
  for (const char* name : {"file", "folder", "link", "dangling"}) {
    const Refusal why = refusal({.unix_path = folder / name});
    EXPECT_EQ(why.code, "ENOTSOCK") << name;
    EXPECT_EQ(why.sentence, "The unix socket " + (folder / name) +
                                " cannot be opened because something that is no socket lies there: "
                                "move it away or choose another path.");
    EXPECT_TRUE(exists(folder / name)) << name;
  }
  EXPECT_TRUE(exists(folder / "dead.sock"));
}

TEST(UnixListener, TooLongAPathIsAnErrorThatSaysTheLimit) {
  const TemporaryFolder folder;
  const std::string longest = folder / std::string(107 - folder.path().size() - 1, 'x');
  ASSERT_EQ(longest.size(), 107u);
  {
    Listener listener = Listener::open({.unix_path = longest});
    EXPECT_EQ(listener.local().address, longest);
    EXPECT_TRUE(answers_unix(listener, longest));
  }
  const Refusal why = refusal({.unix_path = longest + "x"});
  EXPECT_EQ(why.code, "ENAMETOOLONG");
  EXPECT_EQ(why.sentence, "The unix socket " + longest +
                              "x has a path of 108 bytes, but the system takes at most 107: choose "
                              "a shorter one.");
  EXPECT_EQ(refusal({.unix_path = std::string(5000, 'x')}).code, "ENAMETOOLONG");
}

TEST(UnixListener, NulInsideAPathIsAnError) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal({.unix_path = (folder / "a") + std::string("\0b", 2)}).code, "EINVAL");
  EXPECT_FALSE(exists(folder / "a"));
}

TEST(UnixListener, MissingFolderIsAnErrorThatSaysSo) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "";
  const Refusal why = refusal({.unix_path = folder / "none/a.sock"});
  EXPECT_EQ(why.code, "ENOENT");
  EXPECT_EQ(why.sentence,
            "The unix socket " + (folder / "none/a.sock") +
                " cannot be opened because its folder does not exist: make the folder "
                "or choose another path.");
  EXPECT_EQ(refusal({.unix_path = folder / "file/a.sock"}).code, "ENOTDIR");
}

TEST(UnixListener, ForbiddenFolderIsAnErrorThatSaysSo) {
  const TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  const int status = in_child([&] {
    if (!become_ordinary_user()) return kSkipped;
    const Refusal why = refusal({.unix_path = folder / "a.sock"});
    if (why.code != "EACCES") return 1;
    return why.sentence == "The unix socket " + (folder / "a.sock") +
                               " cannot be opened because its folder, or the socket that lies "
                               "there, is not this user's to write: change the rights or choose "
                               "another path."
               ? 0
               : 2;
  });
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  if (status == kSkipped) GTEST_SKIP() << "cannot become an ordinary user";
  EXPECT_EQ(status, 0);
}

TEST(UnixListener, ExcludesTheOptionsOfTcp) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  const std::vector<ListenOptions> wrong = {
      {.hostname = "localhost", .unix_path = path},
      {.port = 3000, .unix_path = path},
      {.unix_path = path, .reuse_port = true},
      {.unix_path = path, .ipv6_only = true},
  };
  for (const ListenOptions& options : wrong) {
    const Refusal why = refusal(options);
    EXPECT_EQ(why.code, "EINVAL");
    EXPECT_EQ(why.sentence,
              "unix_path excludes hostname, port, reuse_port and ipv6_only: give either a path, or "
              "a hostname and a port.");
  }
  EXPECT_FALSE(exists(path));
}

TEST(UnixListener, LeavesAFileThatIsNoLongerItsOwn) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  Listener first = Listener::open({.unix_path = path});
  std::filesystem::remove(path);
  Listener second = Listener::open({.unix_path = path});
  first.close();
  EXPECT_TRUE(answers_unix(second, path));
}

TEST(UnixListener, CopesWithAFileThatIsGone) {
  const TemporaryFolder folder;
  Listener listener = Listener::open({.unix_path = folder / "a.sock"});
  std::filesystem::remove(folder / "a.sock");
  listener.close();
  EXPECT_EQ(listener.fd(), -1);
}

TEST(UnixListener, MovesItsFileAlong) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  std::optional<Listener> first = Listener::open({.unix_path = path});
  Listener second = std::move(*first);
  first.reset();
  EXPECT_TRUE(answers_unix(second, path));
  second = Listener::open({.unix_path = folder / "b.sock"});
  EXPECT_FALSE(exists(path));
  EXPECT_TRUE(answers_unix(second, folder / "b.sock"));
}

TEST(UnixListener, RemovesItsFileAfterTheProcessChangedItsFolder) {
  const TemporaryFolder folder;
  const int status = in_child([&] {
    if (::chdir(folder.path().c_str()) != 0) return 1;
    Listener listener = Listener::open({.unix_path = "a.sock"});
    if (listener.local().address != "a.sock" || !exists(folder / "a.sock")) return 2;
    if (::chdir("/") != 0) return 3;
    listener.close();
    return exists(folder / "a.sock") ? 4 : 0;
  });
  EXPECT_EQ(status, 0);
}

// The race that the folder's lock ends: both see a dead file, the slower removes the faster's.
TEST(UnixListener, OfServersThatStartTogetherOnADeadFileExactlyOneWins) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.sock";
  constexpr int kServers = 4;
  for (int round = 0; round < 20; ++round) {
    leave_dead_socket(path);
    std::vector<std::optional<Listener>> listeners(kServers);
    std::vector<std::string> codes(kServers);
    std::latch start(kServers);
    std::vector<std::thread> threads;
    for (int i = 0; i < kServers; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        try {
          listeners[i] = Listener::open({.unix_path = path});
        } catch (const ListenError& error) {
          codes[i] = error.code();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    int winners = 0;
    for (int i = 0; i < kServers; ++i) {
      if (listeners[i]) {
        ++winners;
        EXPECT_TRUE(answers_unix(*listeners[i], path));
      } else {
        EXPECT_EQ(codes[i], "EADDRINUSE");
      }
    }
    ASSERT_EQ(winners, 1) << "round " << round;
  }
}

// Makes this process run `handler` instead of the given system calls: so something happens exactly
// between two steps of the listener, every time.
bool run_instead_of(std::initializer_list<int> calls, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  ::sigaction(SIGSYS, &action, nullptr);
  std::vector<sock_filter> filter;
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const int call : calls) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return filter_system_calls(std::move(filter));
}

#ifdef __NR_unlink
constexpr int kUnlink = __NR_unlink;
#else
constexpr int kUnlink = __NR_unlinkat;
#endif

// What the handlers below work on: a signal handler gets no arguments of its own.
std::string handled_path;
int handled_fd = -1;
int handled_result = -1;

// Otherwise a server that starts at this moment takes the file for dead and replaces it, and the
// one that stops removes its successor's file.
TEST(UnixListener, StillListensWhileItRemovesItsFile) {
  const TemporaryFolder folder;
  const int status = in_child([&] {
    Listener listener = Listener::open({.unix_path = folder / "a.sock"});
    handled_path = folder / "a.sock";
    const bool trapped = run_instead_of({kUnlink, __NR_unlinkat}, [](int) {
      FileDescriptor client;
      handled_result = connect_unix(handled_path, client);
    });
    if (!trapped) return kSkipped;
    listener.close();
    return handled_result == 0 ? 0 : 1;
  });
  if (status == kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

// Such a server refuses as a dead one does; it is given a moment.
TEST(UnixListener, DoesNotReplaceAServerBetweenItsBindAndItsListen) {
  const TemporaryFolder folder;
  const int status = in_child([&] {
    const FileDescriptor other = bind_unix(folder / "a.sock");
    handled_fd = other.get();
    const bool trapped = run_instead_of({__NR_nanosleep, __NR_clock_nanosleep},
                                        [](int) { handled_result = ::listen(handled_fd, 1); });
    if (!trapped) return kSkipped;
    const Refusal why = refusal({.unix_path = folder / "a.sock"});
    if (handled_result != 0) return 1;
    return why.code == "EADDRINUSE" && exists(folder / "a.sock") ? 0 : 2;
  });
  if (status == kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

TEST(UnixListener, HoldsTheFolderLockedBetweenItsLookAndTheReplacing) {
  const TemporaryFolder folder;
  leave_dead_socket(folder / "a.sock");
  const int status = in_child([&] {
    handled_path = folder.path();
    const bool trapped = run_instead_of({__NR_nanosleep, __NR_clock_nanosleep}, [](int) {
      const FileDescriptor other(::open(handled_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      handled_result = ::flock(other.get(), LOCK_SH | LOCK_NB) == 0 ? 0 : errno;
    });
    if (!trapped) return kSkipped;
    Listener listener = Listener::open({.unix_path = folder / "a.sock"});
    return handled_result == EWOULDBLOCK && answers_unix(listener, folder / "a.sock") ? 0 : 1;
  });
  if (status == kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

TEST(UnixListener, AFolderThatCannotBeLockedStopsOnlyTheReplacing) {
  const TemporaryFolder folder;
  leave_dead_socket(folder / "dead.sock");
  const FileDescriptor stranger(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(stranger.get(), LOCK_EX), 0);
  {
    Listener listener = Listener::open({.unix_path = folder / "fresh.sock"});
    EXPECT_TRUE(answers_unix(listener, folder / "fresh.sock"));
  }
  const Refusal why = refusal({.unix_path = folder / "dead.sock"});
  EXPECT_EQ(why.code, "EADDRINUSE");
  EXPECT_EQ(why.sentence,
            "The unix socket " + (folder / "dead.sock") +
                " was left behind by a dead server, but its folder cannot be locked in order to "
                "replace it safely: remove the file, or use a folder of your own.");
  EXPECT_TRUE(exists(folder / "dead.sock"));
}

// A fork on another thread copies the descriptor of the lock, so closing it would not be enough.
TEST(UnixListener, AChildForkedMeanwhileDoesNotKeepTheFolderLocked) {
  const TemporaryFolder folder;
  leave_dead_socket(folder / "a.sock");
  const int status = in_child([&] {
    const bool trapped = run_instead_of({__NR_nanosleep, __NR_clock_nanosleep}, [](int) {
      handled_result = ::fork();
      if (handled_result == 0) {
        ::alarm(60);  // should this test die before it ends the child
        ::pause();
      }
    });
    if (!trapped) return kSkipped;
    Listener listener = Listener::open({.unix_path = folder / "a.sock"});
    const FileDescriptor other(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const bool unlocked = ::flock(other.get(), LOCK_EX | LOCK_NB) == 0;
    if (handled_result <= 0) return 1;
    ::kill(handled_result, SIGKILL);
    ::waitpid(handled_result, nullptr, 0);
    return unlocked ? 0 : 2;
  });
  if (status == kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

TEST(UnixListener, LeavesTheFolderUnlocked) {
  const TemporaryFolder folder;
  const Listener listener = Listener::open({.unix_path = folder / "a.sock"});
  const FileDescriptor other(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

// --- Abstract sockets (unix(7)) ---

std::string abstract_name(const char* suffix) {
  return std::string(1, '\0') + "bao-listener-" + std::to_string(::getpid()) + suffix;
}

TEST(AbstractListener, ListensUnderItsExactNameWithoutAFile) {
  const std::string name = abstract_name("-exact");
  Listener listener = Listener::open({.unix_path = name});
  EXPECT_EQ(listener.local(),
            (SocketAddress{.address = name, .port = 0, .family = Family::unix_domain}));
  EXPECT_TRUE(answers_unix(listener, name));
  FileDescriptor client;
  const sockaddr_un padded = unix_address(name);
  EXPECT_EQ(connect_raw(AF_UNIX, &padded, sizeof(padded), client), ECONNREFUSED);
  EXPECT_FALSE(exists(name.substr(1)));
}

TEST(AbstractListener, NameInUseIsAnErrorThatNamesIt) {
  const std::string name = abstract_name("-used");
  const Listener first = Listener::open({.unix_path = name});
  const Refusal why = refusal({.unix_path = name});
  EXPECT_EQ(why.code, "EADDRINUSE");
  EXPECT_EQ(why.sentence, "The unix socket @" + name.substr(1) +
                              " is in use already: stop what uses it or choose another path.");
}

TEST(AbstractListener, NameIsFreeAfterClose) {
  const std::string name = abstract_name("-again");
  Listener::open({.unix_path = name}).close();
  Listener again = Listener::open({.unix_path = name});
  EXPECT_TRUE(answers_unix(again, name));
}

TEST(AbstractListener, NameMayHave107BytesBehindItsNul) {
  std::string name = abstract_name("-long-");
  name.resize(108, 'x');
  Listener listener = Listener::open({.unix_path = name});
  EXPECT_EQ(listener.local().address, name);
  EXPECT_TRUE(answers_unix(listener, name));
  EXPECT_EQ(refusal({.unix_path = name + "x"}).code, "ENAMETOOLONG");
}

TEST(AbstractListener, EmptyNameIsAnError) {
  EXPECT_EQ(refusal({.unix_path = std::string(1, '\0')}).code, "EINVAL");
}

}  // namespace
}  // namespace bao::net::listener_tests
