#include "processes/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bao::processes {

namespace {

using namespace std::chrono_literals;

// As for a loop's signals: what comes sooner is the same wish, told to a process and to its group.
constexpr auto kOneWish = 300ms;
// How long those have that were told to cut their connections.
constexpr auto kLastMoments = 1s;

Shared* share() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  return new (memory) Shared;
}

std::string name_of_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

std::string in_milliseconds(std::chrono::steady_clock::duration time) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
}

bool ignores(int number) {
  struct sigaction action;
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Supervisor::Supervisor(Settings settings, Main main)
    : settings_(std::move(settings)), main_(std::move(main)), shared_(share()) {
  for (int number = 0; number < settings_.processes; ++number) {
    processes_.push_back(
        {.number = number,
         .back_off = BackOff(settings_.restart_delay, settings_.max_restart_delay)});
  }
}

Supervisor::~Supervisor() {
  ::munmap(shared_, sizeof(Shared));
}

int Supervisor::run() {
  // Blocked, so that none is lost between two looks.
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&signals_, number);
  if (!ignores(SIGHUP)) sigaddset(&signals_, SIGHUP);
  ::sigprocmask(SIG_BLOCK, &signals_, &former_mask_);
  // Whoever ignores SIGCHLD never hears of a child's end.
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &usual, &former_child_);

  for (Process& process : processes_) {
    if (!stopping_) start(process);
  }
  while (any_left()) {
    wait_for_signal();
    reap();
    if (kill_at_ && Clock::now() >= *kill_at_) {
      kill_at_.reset();
      tell_all(SIGKILL);
    }
    start_those_due();
  }

  // Signals that came for what has ended are not to end this process afterwards.
  const timespec none{};
  while (::sigtimedwait(&signals_, nullptr, &none) > 0) continue;
  ::sigaction(SIGCHLD, &former_child_, nullptr);
  ::sigprocmask(SIG_SETMASK, &former_mask_, nullptr);
  return failed_ ? 1 : 0;
}

void Supervisor::start(Process& process) {
  process.due.reset();
  // What is buffered would be written by both.
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) be_child(process, parent);
  process.begun = Clock::now();
  if (pid > 0) {
    process.pid = pid;
  } else {
    crashed(process, "could not be started: " + std::generic_category().message(errno), {});
  }
}

void Supervisor::start_those_due() {
  const auto now = Clock::now();
  for (Process& process : processes_) {
    if (process.due && *process.due <= now) start(process);
  }
}

void Supervisor::be_child(const Process& process, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // It may have died before that was said.
  if (::getppid() != parent) std::_Exit(1);
  ::sigaction(SIGCHLD, &former_child_, nullptr);
  ::sigprocmask(SIG_SETMASK, &former_mask_, nullptr);
  std::exit(main_(process.number, process.restarts, *shared_));
}

void Supervisor::reap() {
  int status = 0;
  // By their numbers: the program may have children of its own.
  for (Process& process : processes_) {
    if (process.pid > 0 && ::waitpid(process.pid, &status, WNOHANG) == process.pid) {
      ended(process, status);
    }
  }
}

void Supervisor::ended(Process& process, int status) {
  const std::string name = "process " + std::to_string(process.pid);
  process.pid = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  if (stopping_) {
    // Before its loop ran, the signal that was passed on ends it as it would end any program.
    const bool by_wish =
        WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM);
    if (!by_wish) failed_ = true;
    return;
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP) {
    failed_ = true;
    begin_to_stop(SIGTERM);
    return;
  }
  const std::string how = WIFSIGNALED(status)
                              ? " was ended by " + name_of_signal(WTERMSIG(status))
                              : " ended with exit code " + std::to_string(WEXITSTATUS(status));
  crashed(process, "(" + name + ")" + how, Clock::now() - process.begun);
}

void Supervisor::crashed(Process& process, const std::string& how, Clock::duration lived) {
  std::string line = "bao: child " + std::to_string(process.number) + " of the cluster " + how;
  if (!shared_->running) {
    settings_.log(line + " before any of them has run: the cluster ends");
    failed_ = true;
    if (!stopping_) begin_to_stop(SIGTERM);
    return;
  }
  const auto delay = process.back_off.after_crash(lived);
  ++process.restarts;
  process.due = Clock::now() + delay;
  settings_.log(line + "; it starts again in " + in_milliseconds(delay));
}

void Supervisor::on_signal(int number) {
  if (number == SIGHUP) return tell_all(number);
  if (!stopping_) return begin_to_stop(number);
  const auto now = Clock::now();
  tell_all(number);
  if (now - *stopping_ < kOneWish) return;
  kill_at_ = std::min(kill_at_.value_or(now + kLastMoments), now + kLastMoments);
}

void Supervisor::begin_to_stop(int number) {
  stopping_ = Clock::now();
  if (settings_.stop_timeout.count() > 0) kill_at_ = *stopping_ + settings_.stop_timeout;
  for (Process& process : processes_) process.due.reset();
  tell_all(number);
}

void Supervisor::tell_all(int number) {
  // Nobody else reaps them, so each of these numbers is still theirs.
  for (const Process& process : processes_) {
    if (process.pid > 0) ::kill(process.pid, number);
  }
}

bool Supervisor::any_left() const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [](const Process& process) { return process.pid > 0 || process.due; });
}

std::optional<Supervisor::Clock::time_point> Supervisor::next_deadline() const {
  std::optional<Clock::time_point> next = kill_at_;
  for (const Process& process : processes_) {
    if (process.due && (!next || *process.due < *next)) next = process.due;
  }
  return next;
}

void Supervisor::wait_for_signal() {
  int number = -1;
  if (const auto deadline = next_deadline()) {
    const auto left = std::max<Clock::duration>(*deadline - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    number = ::sigtimedwait(&signals_, nullptr, &limit);
  } else {
    number = ::sigwaitinfo(&signals_, nullptr);
  }
  if (number > 0 && number != SIGCHLD) on_signal(number);
}

}  // namespace bao::processes
