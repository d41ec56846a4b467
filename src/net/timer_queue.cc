#include "net/timer_queue.h"

#include <algorithm>

namespace bao::net {

namespace {
// A timer that fire() has taken out of the heap but not yet called has a slot from here on: an
// index into due_.
constexpr uint32_t kDue = 0x8000'0000u;
}  // namespace

Timer::~Timer() {
  if (queue_ != nullptr) queue_->disarm(*this);
}

TimerQueue::~TimerQueue() {
  for (Slot& slot : heap_) slot.timer->queue_ = nullptr;
  for (Timer* timer : due_) {
    if (timer != nullptr) timer->queue_ = nullptr;
  }
}

void TimerQueue::arm(Timer& timer, TimePoint deadline) {
  disarm(timer);
  timer.queue_ = this;
  timer.deadline_ = deadline;
  heap_.emplace_back();
  sift_up(static_cast<uint32_t>(heap_.size() - 1), {deadline, &timer});
}

void TimerQueue::disarm(Timer& timer) {
  if (timer.queue_ == nullptr) return;
  timer.queue_ = nullptr;
  if (timer.slot_ & kDue) {
    due_[timer.slot_ & ~kDue] = nullptr;
  } else {
    remove(timer.slot_);
  }
}

void TimerQueue::fire(TimePoint now) {
  if (!due_.empty()) return;  // called from within a callback: the outer call goes on
  while (!heap_.empty() && heap_.front().deadline <= now) {
    Timer* timer = heap_.front().timer;
    remove(0);
    timer->slot_ = kDue | static_cast<uint32_t>(due_.size());
    due_.push_back(timer);
  }
  for (size_t i = 0; i < due_.size(); ++i) {
    Timer* timer = due_[i];
    if (timer == nullptr) continue;
    due_[i] = nullptr;
    timer->queue_ = nullptr;
    timer->on_timer();
  }
  due_.clear();
}

void TimerQueue::place(uint32_t slot, Slot entry) {
  heap_[slot] = entry;
  entry.timer->slot_ = slot;
}

void TimerQueue::sift_up(uint32_t slot, Slot entry) {
  while (slot > 0) {
    uint32_t parent = (slot - 1) / 2;
    if (heap_[parent].deadline <= entry.deadline) break;
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, entry);
}

void TimerQueue::sift_down(uint32_t slot, Slot entry) {
  const auto size = static_cast<uint32_t>(heap_.size());
  for (;;) {
    uint32_t child = slot * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && heap_[child + 1].deadline < heap_[child].deadline) ++child;
    if (heap_[child].deadline >= entry.deadline) break;
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, entry);
}

void TimerQueue::remove(uint32_t slot) {
  Slot last = heap_.back();
  heap_.pop_back();
  if (slot == heap_.size()) return;
  if (slot > 0 && last.deadline < heap_[(slot - 1) / 2].deadline) {
    sift_up(slot, last);
  } else {
    sift_down(slot, last);
  }
}

}  // namespace bao::net
