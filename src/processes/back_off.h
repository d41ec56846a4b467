#pragma once

#include <algorithm>
#include <chrono>

namespace bao::processes {

/// How long to wait before a process that has crashed is started again.
class BackOff {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// `first` must not be longer than `longest`.
  BackOff(Duration first, Duration longest) : first_(first), longest_(longest), next_(first) {}

  /// After a crash of one that has lived for `lived`: twice the last delay, but the first one again
  /// if it has lived for longer than the longest.
  Duration after_crash(Duration lived) {
    if (lived > longest_) next_ = first_;
    const Duration delay = next_;
    next_ = delay > longest_ / 2 ? longest_ : delay * 2;
    return delay;
  }

 private:
  Duration first_;
  Duration longest_;
  Duration next_;
};

}  // namespace bao::processes
