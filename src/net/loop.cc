#include "net/loop.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
#include <sys/eventfd.h>
#include <system_error>

#include "net/system_calls.h"

namespace bao::net {

namespace {

// Timers that are due within this time are waited for exactly.
constexpr std::chrono::seconds kNear{1};

// The steady clock as it was at the kernel's last tick, some milliseconds ago at most.
TimePoint last_tick() {
  timespec tick;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &tick);
  return TimePoint(std::chrono::seconds(tick.tv_sec) + std::chrono::nanoseconds(tick.tv_nsec));
}

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

/// Other threads write to this eventfd when they post.
class Loop::Wakeup final : public EventHandler {
 public:
  explicit Wakeup(Loop& loop) : loop_(loop), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!fd_) throw_errno("eventfd");
  }
  int fd() const { return fd_.get(); }
  void signal() {
    // Can only fail with EAGAIN when the counter is full, and then the loop is woken already.
    uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(fd_.get(), &one, sizeof one);
  }
  void on_event(uint32_t) override {
    uint64_t count;
    [[maybe_unused]] auto got = ::read(fd_.get(), &count, sizeof count);
    loop_.run_posted();
  }

 private:
  Loop& loop_;
  FileDescriptor fd_;
};

Loop::Loop(size_t events_a_turn) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_(events_a_turn) {
  if (!epoll_) throw_errno("epoll_create1");
  wakeup_ = std::make_unique<Wakeup>(*this);
  watch(wakeup_->fd(), EPOLLIN, *wakeup_);
  catch_up();
}

Loop::~Loop() {
  end_residents();
  // What is destroyed here may defer or retire more: go on until nothing is left.
  while (!deferred_.empty() || !retired_.empty() || !posted_.empty()) {
    auto deferred = std::exchange(deferred_, {});
    auto retired = std::exchange(retired_, {});
    std::vector<Work> posted;  // destroyed without the lock: what it holds may post
    std::lock_guard lock(posted_mutex_);
    posted.swap(posted_);
  }
}

void Loop::watch(int fd, uint32_t events, EventHandler& handler) {
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw_errno("epoll_ctl");
}

void Loop::rewatch(int fd, uint32_t events, EventHandler& handler) {
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) throw_errno("epoll_ctl");
}

void Loop::unwatch(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::retire(std::unique_ptr<EventHandler> handler) {
  retired_.push_back(std::move(handler));
}

void Loop::post(Work work) {
  bool first;
  {
    std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  // One wake-up for a batch: whoever finds the list empty signals, the others are covered by that
  // signal.
  if (first) wakeup_->signal();
}

void Loop::run_posted() {
  std::vector<Work> batch;
  {
    std::lock_guard lock(posted_mutex_);
    batch.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (Work& work : batch) work();
}

bool Loop::alive() const {
  return holds_ > 0 || !deferred_.empty() || has_posted_.load(std::memory_order_acquire);
}

void Loop::run() {
  stopped_ = false;
  while (!stopped_ && alive()) turn(std::chrono::milliseconds(-1));
}

std::chrono::milliseconds Loop::time_to_next_timer() const {
  using std::chrono::milliseconds;
  if (!deferred_.empty()) return milliseconds(0);
  if (timers_.empty()) return milliseconds(-1);
  const TimePoint earliest = timers_.earliest();
  // Reading the clock is dear. For a timer that is far away, as the timeouts of busy connections
  // are, the time of the last tick will do: it makes the timer late by a tick at most, never early.
  auto left = earliest - (timer_is_near(now_) ? Clock::now() : last_tick());
  if (left <= Duration::zero()) return milliseconds(0);
  // Rounded up: rounded down, the loop would spin through the last millisecond.
  return std::chrono::ceil<milliseconds>(left);
}

size_t Loop::turn(std::chrono::milliseconds timeout) {
  assert(!in_turn_ && "Loop::turn called from within a turn");
  auto wait = timeout;
  if (wait.count() != 0) {
    wait = time_to_next_timer();
    if (timeout.count() >= 0 && (wait.count() < 0 || timeout < wait)) wait = timeout;
  }
  const int milliseconds = wait.count() > INT_MAX ? INT_MAX : static_cast<int>(wait.count());
  const int count = wait_for_events(epoll_.get(), events_, wait.count() < 0 ? -1 : milliseconds);
  if (count < 0 && errno != EINTR) throw_errno("epoll_wait");
  in_turn_ = true;
  catch_up();
  if (timer_is_near(now_)) now_ = Clock::now();
  const TimePoint woken = now_;
  const auto ready = std::span(events_).first(static_cast<size_t>(std::max(count, 0)));
  for (size_t i = 0; i < ready.size(); i += CallBatch::kMost) {
    tell(ready.subspan(i, std::min(ready.size() - i, CallBatch::kMost)));
  }
  // Not by the clock of now: if a handler took long, what others are timed out for not doing may
  // have been ready all the while. The next turn hands it out before it looks at their timers.
  if (!timers_.empty() && timers_.earliest() <= woken) timers_.fire(woken);
  finish_turn();
  in_turn_ = false;
  return static_cast<size_t>(std::max(count, 0));
}

void Loop::tell(std::span<const epoll_event> events) {
  if (reads_together_ && events.size() > 1 && calls_.together()) read_ahead(events);
  for (const epoll_event& event : events) {
    // The event before may have taken seconds, unless it has just looked at the clock itself, as
    // whatever writes does.
    if (!caught_up_) note_time();
    caught_up_ = false;
    static_cast<EventHandler*>(event.data.ptr)->on_event(event.events);
  }
}

void Loop::read_ahead(std::span<const epoll_event> events) {
  if (!room_ahead_) {
    room_ahead_ = std::make_unique_for_overwrite<char[]>(CallBatch::kMost * kRoomAhead);
  }
  char* room = room_ahead_.get();
  for (const epoll_event& event : events) {
    static_cast<EventHandler*>(event.data.ptr)
        ->read_ahead(event.events, calls_, {room, kRoomAhead});
    room += kRoomAhead;
  }
  calls_.make();
}

bool Loop::timer_is_near(TimePoint now) const {
  return !timers_.empty() && timers_.earliest() - now < kNear;
}

void Loop::catch_up() {
  caught_up_ = true;
  const TimePoint tick = last_tick();
  if (tick <= now_) return;
  now_ = tick;
  if (timer_is_near(now_)) now_ = Clock::now();
  timespec wall;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  wall_time_ = wall.tv_sec;
}

void Loop::finish_turn() {
  if (!deferred_.empty()) {
    // Work that is deferred meanwhile runs in the next turn, which does not wait.
    auto batch = std::exchange(deferred_, {});
    for (Work& work : batch) work();
  }
  if (!retired_.empty()) auto batch = std::exchange(retired_, {});
}

void Loop::add_resident(Resident& resident) {
  resident.lives_here_ = true;
  resident.next_ = residents_;
  if (residents_ != nullptr) residents_->previous_ = &resident;
  residents_ = &resident;
}

void Loop::remove_resident(Resident& resident) {
  if (!std::exchange(resident.lives_here_, false)) return;
  if (resident.previous_ != nullptr) {
    resident.previous_->next_ = resident.next_;
  } else {
    residents_ = resident.next_;
  }
  if (resident.next_ != nullptr) resident.next_->previous_ = resident.previous_;
  resident.previous_ = resident.next_ = nullptr;
}

void Loop::end_residents() {
  while (residents_ != nullptr) residents_->on_loop_end();
}

}  // namespace bao::net
