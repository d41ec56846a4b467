#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http1/memory_transport.h"
#include "tls/certificates.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/transport.h"
#include "tls/workspace.h"

namespace bao::testing {

inline tls::Entry entry_of(const TestCertificate& certificate, std::string server_name = "") {
  tls::Entry entry;
  entry.option = "tls";
  entry.keys = {{.text = certificate.key().pem(), .option = "tls.key"}};
  entry.certificates = {{.text = certificate.pem(), .option = "tls.cert"}};
  entry.server_name = std::move(server_name);
  return entry;
}

/// A server's transport over a wire in memory, a client of OpenSSL's at its other end, and clocks
/// that the test turns.
class TlsTransportTest : public ::testing::Test,
                         public tls::HandshakeObserver,
                         public net::TransportObserver {
 protected:
  TlsTransportTest() {
    workspace.plain_reply = [] { return std::string("PLAIN"); };
    workspace.log = [this](const std::string& line) { logged.push_back(line); };
    options.entries = {entry_of(localhost_certificate())};
  }
  ~TlsTransportTest() override {
    if (transport != nullptr && !wire.closed) transport->close(true);
    transport = nullptr;
    EXPECT_TRUE(timers.empty());
    EXPECT_EQ(workspace.counters.handshakes_pending, 0u);
    EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's queue of errors is empty";
  }

  /// Begins a connection; the client is told of `with`.
  void begin(const ClientOptions& with = {}) {
    if (context == nullptr) context = tls::Context::make(options, ticket_keys, warnings);
    if (transport != nullptr && !wire.closed) transport->close(true);
    transport = nullptr;
    wire = Wire();
    done = failed = false;
    calls.clear();
    client = std::make_unique<MemoryClient>(with);
    transport = std::make_unique<tls::Transport>(workspace, std::make_unique<MemoryTransport>(wire),
                                                 context);
    transport->start(*this);
  }
  /// Lets both sides talk until nothing moves; true if the handshake is done on both.
  bool shake_hands() {
    bool client_done = false;
    for (int i = 0; i < 20; ++i) {
      client_done = client->handshake();
      pump();
    }
    return client_done && done && client->failure().empty();
  }
  bool connect(const ClientOptions& with = {}) {
    begin(with);
    return shake_hands();
  }
  /// Moves what either side has said to the other.
  void pump() {
    wire.inbound += client->take_wire();
    while (!wire.closed && wire.turn()) {
    }
    client->receive(std::exchange(wire.outbound, {}));
    client_text += client->take();
  }
  void send(std::string_view text) {
    client->send(text);
    pump();
  }
  /// Writes all, in as many calls as it takes; false if it cannot.
  bool write_all(std::string_view text) {
    for (int i = 0; i < 100'000 && !text.empty(); ++i) {
      const iovec piece{const_cast<char*>(text.data()), text.size()};
      const net::IoResult result = transport->write({&piece, 1});
      if (result.status == net::IoResult::Status::broken) return false;
      text.remove_prefix(result.bytes);
      if (!text.empty()) {
        wire.room = std::max(wire.room, wire.refill);
        wire.observer->on_writable();
      }
    }
    return text.empty();
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    timers.fire(now);
  }
  /// The sizes of the records in ciphertext.
  static std::vector<std::size_t> records_in(std::string_view bytes) {
    std::vector<std::size_t> sizes;
    while (bytes.size() >= 5) {
      const std::size_t size =
          static_cast<unsigned char>(bytes[3]) * 256u + static_cast<unsigned char>(bytes[4]);
      sizes.push_back(size);
      bytes.remove_prefix(std::min(bytes.size(), 5 + size));
    }
    EXPECT_TRUE(bytes.empty());
    return sizes;
  }

  void on_handshake_done(tls::Transport&) override {
    done = true;
    transport->attach(*this);
  }
  void on_handshake_failed(tls::Transport&) override { failed = true; }
  void on_readable() override {
    calls.emplace_back("readable");
    std::vector<char> buffer(read_size);
    const net::IoResult result = transport->read(buffer);
    last_read = result.status;
    text.append(buffer.data(), result.bytes);
    if (result.status == net::IoResult::Status::end ||
        result.status == net::IoResult::Status::broken) {
      transport->want_read(false);
    }
  }
  void on_writable() override { calls.emplace_back("writable"); }
  void on_peer_finished() override { calls.emplace_back("peer finished"); }
  void on_hangup() override { calls.emplace_back("hangup"); }

  net::TimePoint now{std::chrono::hours(1)};
  net::TimerQueue timers;
  tls::Workspace workspace{timers, now};
  tls::Options options;
  std::shared_ptr<tls::TicketKeys> ticket_keys;
  std::vector<std::string> warnings;
  std::shared_ptr<const tls::Context> context;
  Wire wire;
  std::unique_ptr<MemoryClient> client;
  std::unique_ptr<tls::Transport> transport;
  std::size_t read_size = 64 * 1024;
  bool done = false;
  bool failed = false;
  net::IoResult::Status last_read{};
  std::string text;         // that came to the server
  std::string client_text;  // that came to the client
  std::vector<std::string> calls;
  std::vector<std::string> logged;
};

}  // namespace bao::testing
