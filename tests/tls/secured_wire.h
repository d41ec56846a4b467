#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http1/memory_transport.h"
#include "tls/certificates.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/transport.h"
#include "tls/workspace.h"

// A Wire whose bytes go through TLS: what a test sends is encrypted by a client of OpenSSL's, what
// the server writes is decrypted by it. So a suite that is written for plain bytes runs over TLS.
namespace bao::testing {

/// The ciphertext's transport. Its Wire holds plaintext, on the client's side of its TLS; the
/// limits of the Wire (read_size, room) hold for plaintext read and ciphertext written.
class SecuredWire final : public net::Transport {
 public:
  explicit SecuredWire(Wire& wire, MemoryClient& client) : wire_(wire), client_(client) {}
  ~SecuredWire() override {
    if (!wire_.closed) close(false);
  }

  void attach(net::TransportObserver& observer) override { wire_.observer = &observer; }

  net::IoResult read(std::span<char> buffer) override {
    require_open();
    if (wire_.peer_reset) return {net::IoResult::Status::broken};
    if (waiting_.empty()) encrypt_some(buffer.size());
    if (waiting_.empty()) {
      return {wire_.peer_finished ? net::IoResult::Status::end
                                  : net::IoResult::Status::would_block};
    }
    const std::size_t size = std::min(buffer.size(), waiting_.size());
    std::copy_n(waiting_.begin(), size, buffer.begin());
    waiting_.erase(0, size);
    ++wire_.reads;
    return {net::IoResult::Status::ok, size};
  }

  net::IoResult write(std::span<const iovec> pieces) override {
    require_open();
    if (wire_.finished) std::abort();
    if (wire_.peer_reset) return {net::IoResult::Status::broken};
    std::size_t offered = 0;
    std::size_t taken = 0;
    for (const iovec& piece : pieces) {
      const std::size_t size = std::min(piece.iov_len, wire_.room);
      client_.receive({static_cast<const char*>(piece.iov_base), size});
      if (wire_.room != SIZE_MAX) wire_.room -= size;
      taken += size;
      offered += piece.iov_len;
    }
    if (taken == 0 && offered > 0) return {net::IoResult::Status::would_block};
    const std::string text = client_.take();
    require(client_.failure().empty());
    if (!text.empty()) wire_.writes.push_back(text.size());
    wire_.outbound += text;
    return {net::IoResult::Status::ok, taken};
  }

  std::optional<std::size_t> untaken() const override { return wire_.untaken; }

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
    require(client_.server_finished());
    wire_.finished = true;
  }
  void close(bool reset) override {
    require_open();
    wire_.closed = true;
    wire_.reset = reset;
    wire_.observer = nullptr;
  }

 private:
  void require_open() const {
    if (wire_.closed) std::abort();
  }

  void encrypt_some(std::size_t most) {
    waiting_ = client_.take_wire();  // of the handshake
    if (!waiting_.empty()) return;
    constexpr std::size_t kRoomForRecords = 4096;
    const std::size_t size = std::min(
        {most - std::min(most / 2, kRoomForRecords), wire_.inbound.size(), wire_.read_size});
    if (size > 0) {
      client_.send(std::string_view(wire_.inbound).substr(0, size));
      wire_.inbound.erase(0, size);
    } else if (wire_.peer_finished && !std::exchange(finished_, true)) {
      client_.finish();
    }
    waiting_ = client_.take_wire();
  }

  Wire& wire_;
  MemoryClient& client_;
  std::string waiting_;
  bool finished_ = false;
};

#ifdef BAO_TEST_LOW_MEMORY
inline constexpr bool kLowMemory = true;
#else
inline constexpr bool kLowMemory = false;
#endif

/// The server's TLS of a world in memory.
class SecuredWorld final : public tls::HandshakeObserver {
 public:
  SecuredWorld(net::TimerQueue& timers, const net::TimePoint& now) : workspace_(timers, now) {
    const TestCertificate& certificate = localhost_certificate();
    tls::Options options;
    options.entries.push_back({.option = "tls",
                               .keys = {{.text = certificate.key().pem(), .option = "tls.key"}},
                               .certificates = {{.text = certificate.pem(), .option = "tls.cert"}},
                               .low_memory_mode = kLowMemory});
    std::vector<std::string> warnings;
    context_ = tls::Context::make(options, nullptr, warnings);
    workspace_.handshake_timeout = {};
  }

  /// A transport over `wire`, with its handshake done. The client outlives it.
  std::unique_ptr<net::Transport> connect(Wire& wire) {
    clients_.push_back(std::make_unique<MemoryClient>());
    MemoryClient& client = *clients_.back();
    auto transport = std::make_unique<tls::Transport>(
        workspace_, std::make_unique<SecuredWire>(wire, client), context_);
    transport->start(*this);
    done_ = false;
    while (!client.handshake() || !done_) wire.observer->on_readable();
    wire.reads = 0;
    wire.writes.clear();
    require(wire.outbound.empty());
    return transport;
  }

  void on_handshake_done(tls::Transport&) override { done_ = true; }
  void on_handshake_failed(tls::Transport&) override { std::abort(); }

 private:
  tls::Workspace workspace_;
  std::shared_ptr<const tls::Context> context_;
  std::vector<std::unique_ptr<MemoryClient>> clients_;
  bool done_ = false;
};

}  // namespace bao::testing
