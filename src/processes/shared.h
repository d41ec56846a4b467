#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bao::processes {

/// The memory that a cluster's processes have in common.
struct Shared {
  /// The most servers of one process that may ask for any free port.
  static constexpr std::size_t kServers = 64;

  /// Whether one of the processes has got as far as to run its loop.
  std::atomic<bool> running{false};
  /// The port of the first, second … server that asked for any free one; 0 until it is known.
  std::array<std::atomic<std::uint16_t>, kServers> ports{};

  static_assert(std::atomic<bool>::is_always_lock_free);
  static_assert(std::atomic<std::uint16_t>::is_always_lock_free);
};

/// What a process of a cluster knows of it.
struct Seat {
  Seat(Shared& shared, int processes) : shared(shared), processes(processes) {}

  Shared& shared;
  const int processes;
  /// How many servers have asked for any free port here.
  std::size_t servers = 0;
};

}  // namespace bao::processes
