#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "net/timer_queue.h"
#include "websocket/deflate.h"
#include "websocket/extension.h"
#include "websocket/turn_memory.h"

namespace bao::websocket {

class Connection;

/// What a connection may take of memory and time. Read at each use, so a change holds for open
/// connections too.
struct ConnectionSettings {
  /// Bytes of one message, after decompression; a longer one is refused with 1009. Zero: only empty
  /// messages.
  uint64_t max_payload = 16ull << 20;
  /// Bytes that may wait for a slow peer before messages to it are dropped. Zero: no limit. Looked
  /// at before a message is queued, so there may be one message more.
  uint64_t backpressure_limit = 16ull << 20;
  /// Whether the connection ends (1006) instead of dropping messages.
  bool close_on_backpressure_limit = false;
  /// How long nothing may come from the peer. Zero: for ever, and no pings.
  std::chrono::milliseconds idle_timeout{120'000};
  /// Whether a peer that is silent is pinged a while before the idle timeout. If not, bytes that
  /// the peer's machine takes count as a sign of life too.
  bool send_pings = true;
  /// How long the peer has to answer our Close frame, and to end the connection after that, before
  /// it is cut. Enough for a round trip on a bad line and a client that is busy. Zero: for ever.
  std::chrono::milliseconds close_timeout{5'000};
  /// What the compressors are made with. What was agreed with a peer stays.
  DeflateSettings deflate;
};

/// What the connections count. Plain numbers: one thread.
struct Counters {
  uint64_t open = 0;  ///< from `start` until on_gone
  uint64_t total = 0;
  uint64_t messages_in = 0;
  uint64_t messages_out = 0;  ///< by `send`
  uint64_t messages_dropped = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
};

/// Runs what connections leave for the end of the turn.
class WorkspaceOwner {
 public:
  /// Call Workspace::run_pending at the end of the loop's turn, before it waits again (of the next
  /// turn if none runs). Called once until then, however much there is to do.
  virtual void on_pending() = 0;

 protected:
  ~WorkspaceOwner() = default;
};

/// What the WebSocket connections of one server on one loop share: settings, clock, read buffer,
/// memory for a turn's output, compressors, counters. An idle connection owns no buffer.
class Workspace {
 public:
  /// All arguments outlive it. `read_buffer` is as large as one read may be, at least 1 KiB, and
  /// may be shared with whoever else reads on this loop, as nobody keeps bytes in it beyond an
  /// event. The clock is read through a reference, so that tests can turn it by hand.
  Workspace(WorkspaceOwner& owner, net::TimerQueue& timers, const net::TimePoint& now,
            std::span<char> read_buffer)
      : timers(timers), now(now), read_buffer(read_buffer), owner_(owner) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  net::TimerQueue& timers;
  const net::TimePoint& now;
  const std::span<char> read_buffer;
  ConnectionSettings settings;
  Counters counters;

  /// Sends what connections have gathered outside of turns of their own, handles input that they
  /// held back, and tells of connections that broke while something was sent. Handlers are called
  /// from here. Call it at the end of a turn after on_pending.
  void run_pending();

  /// The compressor for messages that start as new, made when it is first wanted. `window_bits` 9
  /// to 15. What it compresses (with keep_context false) may go to every connection whose agreement
  /// says shared and the same number.
  Compressor& shared_compressor(int window_bits);
  /// The decompressor for messages that start as new and are here as a whole.
  Decompressor& shared_decompressor();
  /// One for a message that starts as new and comes in pieces, to be given back behind it.
  std::unique_ptr<Decompressor> take_decompressor();
  void give_back(std::unique_ptr<Decompressor> decompressor) {
    decompressor_ = std::move(decompressor);
  }

  // -- For Connection

  /// Puts the connection on the list of those that have something to do at the end of the turn.
  void add_pending(Connection& connection);
  void remove_pending(Connection& connection);
  /// Memory for bytes that leave in this turn.
  TurnMemory memory;
  /// Reused for one message at a time: what came out of a decompressor, and what a compressor made.
  /// Whoever uses one moves it out and back.
  std::string inflated;
  std::string deflated;

 private:
  WorkspaceOwner& owner_;
  Connection* pending_first_ = nullptr;
  Connection* pending_last_ = nullptr;
  bool told_ = false;
  std::array<std::unique_ptr<Compressor>, 7> compressors_;
  std::unique_ptr<Decompressor> decompressor_;
};

}  // namespace bao::websocket
