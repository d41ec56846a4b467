#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace bao::net {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

class TimerQueue;

/// Something that wants to be called at a point in time. The object is the queue's entry, so arming
/// allocates nothing but the queue's own slot. It may be destroyed at any time, inside its own
/// `on_timer` too; that disarms it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// True from `TimerQueue::arm` until the timer fires or is disarmed.
  bool armed() const { return queue_ != nullptr; }

  /// The point in time that it was armed for. Meaningless while it is not armed.
  TimePoint deadline() const { return deadline_; }

  /// Called once, on the loop's thread, at or after the deadline. The timer is disarmed by then and
  /// may be armed anew.
  virtual void on_timer() = 0;

 protected:
  virtual ~Timer();

 private:
  friend class TimerQueue;
  TimerQueue* queue_ = nullptr;
  TimePoint deadline_{};
  uint32_t slot_ = 0;
};

/// Timers ordered by deadline: a binary heap that knows each timer's slot, so that disarming is
/// O(log n) and nothing is searched. Not thread-safe: it belongs to one loop.
class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  /// Arms `timer`, or moves it if it is armed already.
  void arm(Timer& timer, TimePoint deadline);

  /// Disarms `timer`; does nothing if it is not armed.
  void disarm(Timer& timer);

  /// Calls `on_timer` of every timer whose deadline is at or before `now`, in the order of
  /// deadlines. Timers that a callback arms for `now` or earlier wait for the next call, so that a
  /// callback cannot keep this loop going.
  void fire(TimePoint now);

  bool empty() const { return heap_.empty(); }

  /// The earliest deadline. The queue must not be empty.
  TimePoint earliest() const { return heap_.front().deadline; }

 private:
  // The deadline stands beside the pointer so that sifting does not touch the timers themselves.
  struct Slot {
    TimePoint deadline;
    Timer* timer;
  };

  void place(uint32_t slot, Slot entry);
  void sift_up(uint32_t slot, Slot entry);
  void sift_down(uint32_t slot, Slot entry);
  void remove(uint32_t slot);

  std::vector<Slot> heap_;
  std::vector<Timer*>
      due_;  // reused by fire(); holds nullptr for a timer that was disarmed meanwhile
};

}  // namespace bao::net
