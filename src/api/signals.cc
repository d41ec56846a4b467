#include "api/signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>

namespace bao::detail {

namespace {

// Signals belong to the process, and a handler can reach nothing but what is static: hence the only
// mutable state of its kind here. A slot holds the descriptor of a watch plus one; 0 is free.
constexpr size_t kSlots = 256;
std::array<std::atomic<int>, kSlots> slots;
static_assert(std::atomic<int>::is_always_lock_free);

// How many threads are in `handle`. It may be writing to the descriptor of a watch that is about to
// end.
std::atomic<int> handling{0};
// The process that the watches belong to. A forked child has the handler, too, but its descriptors
// are its parent's.
std::atomic<pid_t> process{0};

std::mutex mutex;  // guards the three below
size_t watches = 0;
struct sigaction former_interrupt;
struct sigaction former_terminate;

void handle(int number) {
  const int saved = errno;
  if (process != ::getpid()) {
    // To a child that watches nothing the signal means what it would mean without us, and its
    // parent hears nothing.
    ::sigaction(number, number == SIGINT ? &former_interrupt : &former_terminate, nullptr);
    ::raise(number);  // comes once this handler has returned
    errno = saved;
    return;
  }
  ++handling;
  for (auto& slot : slots) {
    int fd = slot - 1;
    uint64_t one = 1;
    if (fd >= 0) [[maybe_unused]]
      auto written = ::write(fd, &one, sizeof one);
  }
  --handling;
  errno = saved;
}

// What a forked child has inherited of its parent's watches. The former dispositions are its own.
void forget_parent() {
  for (auto& slot : slots) slot = 0;
  watches = 0;
  handling = 0;
}

size_t take_slot(int fd) {
  std::lock_guard lock(mutex);
  const bool forked = process != ::getpid() && watches > 0;
  if (forked) forget_parent();
  process = ::getpid();
  size_t slot = 0;
  int free = 0;
  while (slot < kSlots && !slots[slot].compare_exchange_strong(free, fd + 1)) {
    free = 0;
    ++slot;
  }
  if (slot == kSlots) {
    throw std::runtime_error(
        "More than 256 loops handle signals: run the others with .signals = false");
  }
  if (watches++ == 0) {
    struct sigaction action{};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, forked ? nullptr : &former_interrupt);
    ::sigaction(SIGTERM, &action, forked ? nullptr : &former_terminate);
  }
  return slot;
}

void free_slot(size_t slot) {
  std::lock_guard lock(mutex);
  if (--watches == 0) {
    ::sigaction(SIGINT, &former_interrupt, nullptr);
    ::sigaction(SIGTERM, &former_terminate, nullptr);
  }
  slots[slot] = 0;
  // Nobody may write to this descriptor any more when it is closed: its number may soon belong to
  // another.
  while (handling != 0) std::this_thread::yield();
}

}  // namespace

SignalWatch::SignalWatch(net::Loop& loop, std::function<void()> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  loop_.watch(fd_.get(), EPOLLIN, *this);
  slot_ = take_slot(fd_.get());
}

SignalWatch::~SignalWatch() {
  free_slot(slot_);
  loop_.unwatch(fd_.get());
}

void SignalWatch::on_event(uint32_t) {
  uint64_t count = 0;
  if (::read(fd_.get(), &count, sizeof count) != sizeof count) return;
  // However many have come since the last turn: nobody can have seen what the first one did.
  on_signal_();
}

}  // namespace bao::detail
