#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <span>
#include <vector>

#include "http/exchange.h"
#include "http1/output_buffer.h"
#include "http1/reply_writer.h"
#include "http1/request_parser.h"
#include "net/timer_queue.h"

namespace bao::http1 {

class Connection;

/// What a connection may take of memory and time. Durations of zero mean: for ever.
struct ConnectionSettings {
  HeadLimits head;
  /// The connections speak TLS.
  bool secure = false;
  /// See apply_request_rules.
  bool takes_all = false;
  uint64_t max_body_bytes = 128ull << 20;
  std::chrono::milliseconds idle_timeout{10'000};
  std::chrono::milliseconds head_timeout{10'000};
  /// How long a connection that was refused or ended early goes on reading, so that the peer sees
  /// our last reply instead of a reset (RFC 9112 section 9.6).
  std::chrono::milliseconds linger_timeout{2'000};
  /// What is read and thrown away of a body that no handler wanted, to save the connection for the
  /// next request.
  uint64_t max_discarded_bytes = 256 * 1024;
  /// Unsent bytes above which no further pipelined request is begun.
  size_t output_high_water = 256 * 1024;
};

/// What the connections count, for the server's metrics. Plain numbers: one thread.
struct Counters {
  uint64_t connections_open = 0;
  uint64_t connections_total = 0;
  uint64_t requests_pending = 0;
  uint64_t requests_total = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  std::array<uint64_t, 6> replies_by_class{};  ///< [2] counts the 2xx, and so on
};

/// Told about the end of connections, which it owns.
class ConnectionOwner {
 public:
  /// The connection is closed. It must not be deleted before the call stack has unwound and the
  /// loop's turn is over.
  virtual void on_connection_closed(Connection& connection) = 0;
  /// What the peer has sent is refused; the reply, if there can be one, and the connection's end
  /// follow.
  virtual void on_refused(Connection& /*connection*/, const Refusal& /*refusal*/) {}

 protected:
  ~ConnectionOwner() = default;
};

/// What the connections of one server on one loop share: settings, clocks, the read buffer, output
/// blocks, counters. An idle connection owns no buffer.
class Workspace {
 public:
  /// The clocks are read through references, so that tests can turn them by hand. All arguments
  /// outlive it.
  Workspace(http::ExchangeHandler& handler, ConnectionOwner& owner, net::TimerQueue& timers,
            const net::TimePoint& now, const std::time_t& wall_time)
      : handler(handler), owner(owner), timers(timers), now(now), wall_time_(wall_time) {}

  http::ExchangeHandler& handler;
  ConnectionOwner& owner;
  net::TimerQueue& timers;
  const net::TimePoint& now;

  ConnectionSettings settings;
  Counters counters;
  /// Set while the server stops: every reply is then the last one of its connection.
  bool draining = false;

  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBuffer}; }
  std::string_view date_line() { return date_.at(wall_time_); }

  /// An empty buffer for one turn of one connection. Turns nest when a handler makes another
  /// connection's handler reply, so there is a stack of them.
  std::unique_ptr<OutputBuffer> take_output();
  void give_back(std::unique_ptr<OutputBuffer> output);

 private:
  // As much as one read takes. A larger one would not fit the processor's cache.
  static constexpr size_t kReadBuffer = 64 * 1024;

  const std::time_t& wall_time_;
  DateLine date_;
  std::unique_ptr<char[]> read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBuffer);
  std::vector<std::unique_ptr<OutputBuffer>> outputs_;
};

}  // namespace bao::http1
