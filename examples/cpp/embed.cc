// A program with an event loop of its own, here a plain poll(), that serves beside its other work.
//
//     curl http://localhost:3000/

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <poll.h>
#include <string>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bao/bao.h>

using namespace std::chrono_literals;

// The program's own events: a tick ten times a second, and the signals that end it. bao::run would
// care for the signals, but here nobody calls it.
int open_ticker() {
  itimerspec each{};
  each.it_value.tv_nsec = each.it_interval.tv_nsec = 100'000'000;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  timerfd_settime(fd, 0, &each, nullptr);
  return fd;
}

int open_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return signalfd(-1, &ends, SFD_CLOEXEC);
}

int main(int argc, char** argv) {
  std::uint64_t ticks = 0;
  const int signals = open_signals();
  const int ticker = open_ticker();

  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              {"/", [&] { return "ticks: " + std::to_string(ticks) + "\n"; }},
              {"/slow",
               [&]() -> bao::Task<bao::Response> {
                 co_await bao::sleep(150ms);
                 co_return bao::Response("the loops went on, ticks: " + std::to_string(ticks) +
                                         "\n");
               }},
          },
  });
  std::cout << "listening on " << server.url() << std::endl;

  bao::Loop& loop = bao::Loop::current();
  while (loop.alive()) {
    pollfd events[] = {
        {loop.fd(), POLLIN, 0},
        {ticker, POLLIN, 0},
        {signals, POLLIN, 0},
    };
    // Not past Bao's next timer, which no descriptor shows. Negative means for ever, to both.
    const auto wait = std::min<std::chrono::milliseconds>(loop.time_to_next_timer(), 1min);
    poll(events, std::size(events), static_cast<int>(wait.count()));
    loop.turn();  // handles what is ready and what is due, and returns at once

    std::uint64_t count = 0;
    if ((events[1].revents & POLLIN) && read(ticker, &count, sizeof count) == sizeof count) {
      ticks += count;
    }
    signalfd_siginfo signal;
    if ((events[2].revents & POLLIN) && read(signals, &signal, sizeof signal) > 0) {
      server.stop();  // once the last request is answered, nothing keeps the loop alive
    }
  }
  close(ticker);
  close(signals);
  std::cout << "stopped" << std::endl;
}
