#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "net/timer_queue.h"
#include "tls/counters.h"
#include "tls/record_ciphers.h"

namespace bao::tls {

/// What the TLS connections of one server on one loop share: limits, clocks, buffers, counters. An
/// idle connection owns no buffer.
struct Workspace {
  /// `timers` and `now` are the loop's and outlive it.
  Workspace(net::TimerQueue& timers, const net::TimePoint& now) : timers(timers), now(now) {}

  net::TimerQueue& timers;
  const net::TimePoint& now;
  Counters counters;

  /// How long a handshake may take, the search for a certificate included; zero: for ever.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// The whole reply to a request in plain HTTP.
  std::function<std::string()> plain_reply;
  /// Where errors of a certificate source go.
  std::function<void(const std::string&)> log;

  /// As much of the wire as is read at once. With a record that was begun before, its plaintext
  /// fits the 64 KiB that a connection reads into, so that nothing is left behind.
  static constexpr size_t kReadAtOnce = 44 * 1024;
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadAtOnce}; }
  /// Where records are put together, and files are read into.
  static constexpr size_t kGathered = 64 * 1024;
  std::span<char> gather_buffer() { return {gather_buffer_.get(), kGathered}; }
  /// Of connections that have let OpenSSL go.
  RecordCiphers ciphers;
  /// What goes to the wire next; empty between calls.
  std::string output;

 private:
  std::unique_ptr<char[]> read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadAtOnce);
  std::unique_ptr<char[]> gather_buffer_ = std::make_unique_for_overwrite<char[]>(kGathered);
};

}  // namespace bao::tls
