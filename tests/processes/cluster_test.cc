#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <sched.h>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <bao/bao.h>
#include <bao/cluster.h>

#include "api/raw_client.h"
#include "processes/cluster_process.h"

// bao::cluster with real processes and real sockets. Each test forks a process that calls it.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;

struct Greeting {
  int number = -1;
  int restarts = -1;
  pid_t pid = 0;
  int port = 0;
};

/// What a process of `serve_and_greet` says next.
Greeting greeting(ClusterProcess& cluster) {
  Greeting all;
  std::istringstream(cluster.lines.next_after("serves: ")) >> all.number >> all.restarts >>
      all.pid >> all.port;
  return all;
}

/// Serves, and says so once the loop runs.
std::function<void(ClusterChild)> serve_and_greet(ClusterProcess*& cluster, Options options = {}) {
  return [&cluster, options](ClusterChild child) mutable {
    if (!options.port) options.port = 0;
    options.hostname = "127.0.0.1";
    options.development = false;
    options.routes.add("/pid", [] { return std::to_string(::getpid()); });
    options.routes.add("/crash", []() -> Response {
      ::raise(SIGSEGV);
      std::abort();
    });
    options.routes.add("/exit3", []() -> Response { std::_Exit(3); });
    options.routes.add("/stop", [](Request&, Server& server) {
      server.stop();
      return "bye";
    });
    options.routes.add("/slow", [cluster]() -> Task<Response> {
      cluster->lines.say("slow begins");
      co_await sleep(400ms);
      co_return Response("at last");
    });
    options.routes.add("/for-ever", [cluster](Request& req) -> Task<Response> {
      cluster->lines.say("for-ever begins");
      while (!req.stop_token().stop_requested()) co_await sleep(5ms);
      co_return Response("cut");
    });
    options.routes.add("/hang", [cluster]() -> Response {
      cluster->lines.say("hang begins");
      for (;;) ::pause();
    });
    Server server = serve(std::move(options));
    after(0ms, [cluster, child, port = *server.port()] {
      cluster->lines.say("serves: " + std::to_string(child.number) + " " +
                         std::to_string(child.restarts) + " " + std::to_string(::getpid()) + " " +
                         std::to_string(port));
    });
  };
}

/// A cluster whose processes serve and greet. Its address must stay, because they refer to it.
class Serving {
 public:
  explicit Serving(ClusterOptions options, Options serving = {})
      : self_(&cluster), cluster(options, serve_and_greet(self_, std::move(serving))) {
    for (std::int64_t i = 0; i < options.processes; ++i) greetings.push_back(greeting(cluster));
  }
  int port() const { return greetings.at(0).port; }
  RawClient connect() const { return RawClient::tcp(port()); }

 private:
  ClusterProcess* self_;

 public:
  std::vector<Greeting> greetings;
  ClusterProcess cluster;
};

ClusterOptions processes(int count) {
  return {.processes = count, .restart_delay = 1ms};
}

TEST(Cluster, ServesInAllProcessesOnThePortThatTheFirstHasFound) {
  Serving serving(processes(3));
  std::set<pid_t> pids, seen;
  std::set<int> numbers;
  for (const Greeting& one : serving.greetings) {
    pids.insert(one.pid);
    numbers.insert(one.number);
    EXPECT_EQ(one.port, serving.port());
    EXPECT_EQ(one.restarts, 0);
  }
  EXPECT_EQ(pids.size(), 3u);
  EXPECT_EQ(numbers, (std::set<int>{0, 1, 2}));
  // The kernel spreads connections by their ports, so this ends soon.
  for (int i = 0; i < 1000 && seen.size() < 3; ++i) {
    seen.insert(std::stoi(serving.connect().get("/pid").body));
  }
  EXPECT_EQ(seen, pids);
  serving.cluster.process().signal(SIGTERM);
  EXPECT_EQ(serving.cluster.exit_code(), 0);
}

TEST(Cluster, SharesAPortThatWasChosen) {
  int port = 0;
  {
    // One that is free at present.
    Serving before(processes(1));
    port = before.port();
    before.cluster.process().signal(SIGTERM);
    EXPECT_EQ(before.cluster.exit_code(), 0);
  }
  Serving serving(processes(2), {.port = port});
  for (const Greeting& one : serving.greetings) EXPECT_EQ(one.port, port);
}

TEST(Cluster, MatchesServersByTheirOrder) {
  ClusterProcess* self = nullptr;
  ClusterProcess cluster(processes(2), [&self, &cluster](ClusterChild) {
    self = &cluster;
    Server first = serve({.port = 0, .hostname = "127.0.0.1"});
    Server second = serve({.port = 0, .hostname = "127.0.0.1"});
    self->lines.say("ports: " + std::to_string(*first.port()) + " " +
                    std::to_string(*second.port()));
  });
  const std::string ports = cluster.lines.next_after("ports: ");
  EXPECT_EQ(cluster.lines.next_after("ports: "), ports);
  int first = 0, second = 0;
  std::istringstream(ports) >> first >> second;
  EXPECT_NE(first, second);
}

TEST(Cluster, StartsACrashedProcessAgain) {
  Serving serving(processes(2));
  const pid_t pid = std::stoi(serving.connect().get("/pid").body);
  int number = -1;
  for (const Greeting& one : serving.greetings) {
    if (one.pid == pid) number = one.number;
  }
  ::kill(pid, SIGKILL);  // sanitizers make others their own
  EXPECT_EQ(serving.cluster.lines.next_after("log: "),
            "bao: child " + std::to_string(number) + " of the cluster (process " +
                std::to_string(pid) + ") was ended by SIGKILL; it starts again in 1 ms");
  const Greeting again = greeting(serving.cluster);
  EXPECT_EQ(again.number, number);
  EXPECT_EQ(again.restarts, 1);
  EXPECT_EQ(again.port, serving.port());
  EXPECT_NE(again.pid, pid);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(serving.connect().get("/pid").status, 200);
}

TEST(Cluster, WaitsTwiceAsLongAfterEachCrash) {
  Serving serving({.processes = 1, .restart_delay = 2ms, .max_restart_delay = 5min});
  for (const auto& expected : {"2 ms", "4 ms", "8 ms"}) {
    EXPECT_EQ(serving.connect().get("/exit3").status, 0);
    const std::string said = serving.cluster.lines.next_after("log: ");
    EXPECT_TRUE(
        said.ends_with(" ended with exit code 3; it starts again in " + std::string(expected)))
        << said;
    greeting(serving.cluster);
  }
}

TEST(Cluster, LetsAProcessEndByItself) {
  Serving serving(processes(2));
  // Each is asked to stop on a connection of its own; one that is gone takes no more.
  EXPECT_EQ(serving.connect().get("/stop").body, "bye");
  EXPECT_EQ(serving.connect().get("/stop").body, "bye");
  EXPECT_EQ(serving.cluster.exit_code(), 0);
  EXPECT_TRUE(serving.cluster.lines.rest().empty());
}

TEST(Cluster, EndsWhenNothingKeepsItsProcesses) {
  ClusterProcess cluster({.processes = 3}, [](ClusterChild) {});
  EXPECT_EQ(cluster.exit_code(), 0);
}

class StopSignal : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Cluster, StopSignal, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return info.param == SIGINT ? "Int" : "Term"; });

TEST_P(StopSignal, LetsRequestsFinish) {
  Serving serving(processes(2));
  RawClient slow = serving.connect();
  slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  serving.cluster.lines.next_after("slow begins");
  serving.cluster.process().signal(GetParam());
  const RawReply reply = slow.read_reply();
  EXPECT_EQ(reply.body, "at last");
  EXPECT_EQ(reply.field("Connection"), "close");
  slow.close();
  EXPECT_EQ(serving.cluster.exit_code(), 0);
  EXPECT_EQ(serving.connect().connect_error(), ECONNREFUSED);
}

TEST_P(StopSignal, CutsConnectionsTheSecondTime) {
  Serving serving(processes(2), {.idle_timeout = 0s});
  RawClient waiting = serving.connect();
  waiting.send("GET /for-ever HTTP/1.1\r\nHost: a\r\n\r\n");
  serving.cluster.lines.next_after("for-ever begins");
  serving.cluster.process().signal(GetParam());
  // What comes within 300 ms is the same wish.
  EXPECT_FALSE(serving.cluster.process().wait(500ms));
  serving.cluster.process().signal(GetParam());
  EXPECT_EQ(waiting.wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(serving.cluster.exit_code(), 0);
}

TEST_P(StopSignal, KillsTheSecondTimeWhoDoesNotListen) {
  Serving serving(processes(2), {.idle_timeout = 0s});
  RawClient waiting = serving.connect();
  waiting.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
  serving.cluster.lines.next_after("hang begins");
  serving.cluster.process().signal(GetParam());
  EXPECT_FALSE(serving.cluster.process().wait(400ms));
  serving.cluster.process().signal(GetParam());
  EXPECT_EQ(serving.cluster.exit_code(), 1);
}

TEST(Cluster, KillsAfterTheStopTimeout) {
  Serving serving({.processes = 1, .stop_timeout = 50ms}, {.idle_timeout = 0s});
  RawClient waiting = serving.connect();
  waiting.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
  serving.cluster.lines.next_after("hang begins");
  serving.cluster.process().signal(SIGTERM);
  EXPECT_EQ(serving.cluster.exit_code(), 1);
}

// What is to be started again when the signal comes is not.
TEST(Cluster, StopsWhileAProcessWaitsForItsStart) {
  Serving serving({.processes = 1, .restart_delay = 1h, .max_restart_delay = 1h});
  ::kill(serving.greetings[0].pid, SIGKILL);
  EXPECT_TRUE(serving.cluster.lines.next_after("log: ").ends_with("starts again in 3600000 ms"));
  serving.cluster.process().signal(SIGINT);
  EXPECT_EQ(serving.cluster.exit_code(), 0);
}

volatile std::sig_atomic_t hung_up = 0;

TEST(Cluster, PassesHangupsOn) {
  ::signal(SIGHUP, SIG_DFL);  // whoever started the tests
  ClusterProcess cluster(processes(2), [&cluster](ClusterChild child) {
    ::signal(SIGHUP, [](int) { hung_up = 1; });
    every(1ms, [&cluster, number = child.number] {
      if (hung_up == 0) return;
      hung_up = 0;
      cluster.lines.say("hung up: " + std::to_string(number));
    });
    after(0ms, [&cluster] { cluster.lines.say("runs"); });
  });
  for (int i = 0; i < 2; ++i) cluster.lines.next_after("runs");
  for (int round = 0; round < 2; ++round) {
    cluster.process().signal(SIGHUP);
    std::set<std::string> numbers;
    for (int i = 0; i < 2; ++i) numbers.insert(cluster.lines.next_after("hung up: "));
    EXPECT_EQ(numbers, (std::set<std::string>{"0", "1"}));
  }
  cluster.process().signal(SIGTERM);
  EXPECT_EQ(cluster.exit_code(), 0);
}

// Whose terminal goes away must not start its processes for ever.
TEST(Cluster, EndsByAHangupThatNobodyListensFor) {
  ::signal(SIGHUP, SIG_DFL);
  Serving serving(processes(2));
  serving.cluster.process().signal(SIGHUP);
  EXPECT_EQ(serving.cluster.exit_code(), 1);
}

TEST(Cluster, LeavesHangupsAloneThatAreIgnored) {
  const auto former = ::signal(SIGHUP, SIG_IGN);  // as nohup(1) does
  Serving serving(processes(1));
  ::signal(SIGHUP, former);
  serving.cluster.process().signal(SIGHUP);
  ::kill(serving.greetings[0].pid, SIGHUP);
  EXPECT_EQ(serving.connect().get("/pid").status, 200);
  serving.cluster.process().signal(SIGTERM);
  EXPECT_EQ(serving.cluster.exit_code(), 0);
  EXPECT_TRUE(serving.cluster.lines.rest().empty());
}

TEST(Cluster, EndsWithItsParent) {
  Serving serving(processes(2));
  serving.cluster.process().signal(SIGKILL);
  // Their ends of the pipe close when they are gone.
  EXPECT_TRUE(serving.cluster.lines.rest().empty());
  EXPECT_EQ(serving.connect().connect_error(), ECONNREFUSED);
}

// A child is heard of even where the program does not want to hear of children.
TEST(Cluster, HearsOfCrashesWhoeverIgnoresChildren) {
  const auto former = ::signal(SIGCHLD, SIG_IGN);
  Serving serving(processes(1));
  ::signal(SIGCHLD, former);
  ::kill(serving.greetings[0].pid, SIGKILL);
  EXPECT_EQ(greeting(serving.cluster).restarts, 1);
}

TEST(Cluster, EndsIfNothingCanBegin) {
  ClusterProcess cluster(processes(3), [](ClusterChild) { throw std::runtime_error("no"); });
  const std::string said = cluster.lines.next_after("log: ");
  EXPECT_TRUE(
      said.ends_with(" ended with exit code 1 before any of them has run: the cluster ends"))
      << said;
  EXPECT_EQ(cluster.exit_code(), 1);
}

TEST(Cluster, RefusesUnixSockets) {
  const auto main = [](ClusterProcess& cluster) {
    return [&cluster](ClusterChild) {
      try {
        serve({.unix_path = std::string("\0bao-cluster-test", 17)});
        cluster.lines.say("error: none");
      } catch (const OptionError& error) {
        cluster.lines.say("error: " + error.option() + " " + error.what());
      }
      Loop::current().stop();
    };
  };
  ClusterProcess several(processes(2), [&](ClusterChild child) { main(several)(child); });
  EXPECT_EQ(several.lines.next_after("error: "),
            ".unix_path Option .unix_path is set in a cluster: a unix socket cannot be shared by "
            "processes, give a port, or run one process");
  ClusterProcess one(processes(1), [&](ClusterChild child) { main(one)(child); });
  EXPECT_EQ(one.lines.next_after("error: "), "none");
}

TEST(Cluster, RefusesWrongOptions) {
  struct Wrong {
    ClusterOptions options;
    const char* option;
    const char* sentence;
  };
  for (const auto& [options, option, sentence] : {
           Wrong{{.processes = -1},
                 ".processes",
                 "Option .processes is -1: give 1 to 1024 processes, 0 for one for each processor"},
           Wrong{{.processes = 1025},
                 ".processes",
                 "Option .processes is 1025: give 1 to 1024 processes, 0 for one for each "
                 "processor"},
           Wrong{{.restart_delay = 0ms},
                 ".restart_delay",
                 "Option .restart_delay is 0 ms: give 1 ms at least, a year at most"},
           Wrong{{.restart_delay = 1s, .max_restart_delay = 999ms},
                 ".max_restart_delay",
                 "Option .max_restart_delay is 999 ms: give at least .restart_delay, a year at "
                 "most"},
           Wrong{{.stop_timeout = -1ms},
                 ".stop_timeout",
                 "Option .stop_timeout is -1 ms: give a duration that is not negative, a year at "
                 "most, 0 for none"},
       }) {
    try {
      cluster(options, [] {});
      ADD_FAILURE() << option << " was taken";
    } catch (const OptionError& error) {
      EXPECT_EQ(error.option(), option);
      EXPECT_STREQ(error.what(), sentence);
    }
  }
}

/// What calling it there says.
std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "none";
}

TEST(Cluster, RefusesOtherThreads) {
  Lines lines;
  Child process([&] {
    std::jthread other([](std::stop_token stop) {
      while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
    });
    lines.say(refusal([] { cluster({.processes = 1}, [] {}); }));
    return 0;
  });
  lines.only_listen();
  const auto said = lines.next();
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->ends_with(
      " threads: call it before others are started, because a fork has only one, and the locks of "
      "the others stay locked in it"))
      << *said;
}

TEST(Cluster, RefusesALoop) {
  Lines lines;
  Child process([&] {
    Loop::current();
    lines.say(refusal([] { cluster({.processes = 1}, [] {}); }));
    return 0;
  });
  lines.only_listen();
  EXPECT_EQ(lines.next(),
            "bao::cluster was called after this thread's loop was made: call it before serve, "
            "timers and Loop::current");
}

TEST(Cluster, RefusesToBeInOne) {
  ClusterProcess outer(processes(1), [&outer](ClusterChild) {
    outer.lines.say("inner: " + refusal([] { cluster({.processes = 1}, [] {}); }));
  });
  EXPECT_EQ(outer.lines.next_after("inner: "),
            "bao::cluster was called in a process of a cluster: call it once, and serve in it");
}

TEST(Cluster, RunsOneProcessForEachProcessorByItself) {
  ClusterProcess cluster({}, [&cluster](ClusterChild child) {
    cluster.lines.say("number " + std::to_string(child.number));
  });
  EXPECT_EQ(cluster.exit_code(), 0);
  cpu_set_t set;
  ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_EQ(cluster.lines.rest().size(), static_cast<size_t>(CPU_COUNT(&set)));
}

// `main` may take what it likes, return what it likes, and run its loop itself.
TEST(Cluster, TakesAnyCallable) {
  Lines lines;
  Child process([&] {
    return cluster({.processes = 1}, [&lines, own = std::make_shared<int>(7)]() mutable {
      Server server = serve({.port = 0, .hostname = "127.0.0.1"});
      after(0ms, [server]() mutable { server.stop(); });
      bao::run();
      lines.say("ran " + std::to_string((*own)++));
      return server;
    });
  });
  lines.only_listen();
  EXPECT_EQ(lines.next(), "ran 7");
  EXPECT_TRUE(process.ends_well(kPatience));
}

}  // namespace
}  // namespace bao::testing
