#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/transport.h"

namespace bao::testing {

/// One connection in memory, as its peer and the kernel between see it. The test plays both: it
/// sends, it takes what was written, it decides how much room there is. It outlives the
/// MemoryTransport that the code under test owns.
struct Wire {
  // -- What the peer has done

  std::string inbound;         ///< sent, and not yet read by the server
  bool peer_finished = false;  ///< FIN: nothing follows `inbound`
  bool peer_reset = false;     ///< RST: nothing can be read or written any more

  // -- What the kernel allows

  std::size_t read_size = SIZE_MAX;    ///< the most that one read gives
  std::size_t room = SIZE_MAX;         ///< what writes take before they block
  std::optional<std::size_t> untaken;  ///< what the peer has not taken of what was written
  std::size_t refill =
      SIZE_MAX;  ///< the room that there is again when writing is next possible; 0: never

  // -- What the server has done

  std::string outbound;             ///< everything that it wrote
  std::vector<std::size_t> writes;  ///< the size of each write that took something
  std::size_t reads = 0;
  bool finished = false;  ///< it sent its FIN
  bool closed = false;
  bool reset = false;  ///< it closed with a reset
  bool read_wanted = true;
  bool write_wanted = false;

  net::TransportObserver* observer = nullptr;
  bool finish_told = false;

  /// What a loop would do in a turn: tells the observer of everything that is ready. False if
  /// nothing is.
  bool turn() {
    if (observer == nullptr) return false;
    if (peer_reset && !read_wanted) {
      observer->on_hangup();
      return true;
    }
    bool told = false;
    if (write_wanted && (room > 0 || refill > 0 || peer_reset)) {
      room = std::max(room, refill);
      observer->on_writable();
      told = true;
      if (observer == nullptr) return true;
    }
    if (read_wanted) {
      if (inbound.empty() && !peer_finished && !peer_reset) return told;
      observer->on_readable();
      return true;
    }
    if (!peer_finished || finish_told) return told;
    finish_told = true;
    observer->on_peer_finished();
    return true;
  }

  /// Makes every further write block, and lets the server's writing go on `size` bytes at a time
  /// once it wants to.
  void throttle(std::size_t size) {
    room = 0;
    refill = size;
  }
};

/// A Transport over a Wire. Stops the program if it is used after its `close`.
class MemoryTransport final : public net::Transport {
 public:
  explicit MemoryTransport(Wire& wire) : wire_(wire) {}
  ~MemoryTransport() override {
    if (!wire_.closed) close(false);
  }

  void attach(net::TransportObserver& observer) override {
    require_open();
    wire_.observer = &observer;
    wire_.read_wanted = true;
    wire_.write_wanted = false;
  }

  net::IoResult read(std::span<char> buffer) override {
    require_open();
    if (wire_.peer_reset) return {net::IoResult::Status::broken};
    if (wire_.inbound.empty()) {
      return {wire_.peer_finished ? net::IoResult::Status::end
                                  : net::IoResult::Status::would_block};
    }
    const std::size_t size = std::min({buffer.size(), wire_.inbound.size(), wire_.read_size});
    std::copy_n(wire_.inbound.begin(), size, buffer.begin());
    wire_.inbound.erase(0, size);
    ++wire_.reads;
    return {net::IoResult::Status::ok, size};
  }

  // Made at once: there is no loop here that could make several together.
  bool write_ahead(std::span<const char> bytes) override {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const net::IoResult result = write({&piece, 1});
    ahead_ = Ahead{std::string(bytes.data(), bytes.size()), result};
    return true;
  }

  net::IoResult write(std::span<const iovec> pieces) override {
    require_open();
    if (wire_.finished) std::abort();
    if (auto ahead = std::exchange(ahead_, std::nullopt)) return taken_ahead(*ahead, pieces);
    if (wire_.peer_reset) return {net::IoResult::Status::broken};
    std::size_t offered = 0;
    std::size_t taken = 0;
    for (const iovec& piece : pieces) {
      const std::size_t size = std::min(piece.iov_len, wire_.room);
      wire_.outbound.append(static_cast<const char*>(piece.iov_base), size);
      if (wire_.room != SIZE_MAX) wire_.room -= size;
      taken += size;
      offered += piece.iov_len;
    }
    if (taken == 0 && offered > 0) return {net::IoResult::Status::would_block};
    wire_.writes.push_back(taken);
    return {net::IoResult::Status::ok, taken};
  }

  std::optional<std::size_t> untaken() const override {
    require_open();
    return wire_.untaken;
  }
  void want_read(bool wanted) override {
    require_open();
    wire_.read_wanted = wanted;
  }
  void want_write(bool wanted) override {
    require_open();
    wire_.write_wanted = wanted;
  }
  void finish_writing() override {
    require_open();
    wire_.finished = true;
  }
  void close(bool reset) override {
    require_open();
    wire_.closed = true;
    wire_.reset = reset;
    wire_.observer = nullptr;
  }

 private:
  struct Ahead {
    std::string bytes;
    net::IoResult result;
  };

  // Stops the program if what is told to be written does not begin with what was.
  static net::IoResult taken_ahead(const Ahead& ahead, std::span<const iovec> pieces) {
    std::string told;
    for (const iovec& piece : pieces) {
      told.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    if (!told.starts_with(ahead.bytes)) std::abort();
    return ahead.result;
  }

  void require_open() const {
    if (wire_.closed) std::abort();
  }

  std::optional<Ahead> ahead_;

  Wire& wire_;
};

}  // namespace bao::testing
