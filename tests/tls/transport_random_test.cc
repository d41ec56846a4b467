#include <gtest/gtest.h>
#include <random>

#include "tls/transport_fixture.h"

// Several connections of one workspace at once, with everything that may happen in any order.
namespace bao::tls {
namespace {

using Status = net::IoResult::Status;

class Connection final : public HandshakeObserver, public net::TransportObserver {
 public:
  Connection(Workspace& workspace, const std::shared_ptr<const Context>& context,
             std::string_view cipher, std::mt19937& random)
      : random_(random), transport_(workspace, std::make_unique<testing::MemoryTransport>(wire_),
                                    context) {
    SSL_set_ciphersuites(client_.ssl(), std::string(cipher).c_str());
    transport_.start(*this);
    for (int i = 0; i < 5; ++i) {
      client_.handshake();
      carry(SIZE_MAX);
    }
    EXPECT_TRUE(open_);
  }
  ~Connection() { transport_.close(false); }

  void act() {
    switch (below(9)) {
      case 0: return client_sends();
      case 1: return change_keys();
      case 2: wire_.room = below(3) == 0 ? 0 : below(30'000); break;
      case 3: wire_.room = wire_.refill = SIZE_MAX; break;
      case 4: wire_.refill = below(2) * below(10'000); break;
      case 5: return transport_.want_read(below(2) == 0);
      case 6: return server_writes();
      default: return carry(below(20'000));
    }
  }

  void settle() {
    wire_.room = wire_.refill = SIZE_MAX;
    transport_.want_read(true);
    while (told_ < offered_.size()) server_writes();
    for (int i = 0; i < 3; ++i) {
      carry(SIZE_MAX);
      read_all();
    }
    EXPECT_EQ(client_.failure(), "");
    EXPECT_TRUE(to_client_ == offered_) << to_client_.size() << " of " << offered_.size();
    EXPECT_TRUE(to_server_ == sent_) << to_server_.size() << " of " << sent_.size();
  }

  void on_handshake_done(Transport&) override {
    transport_.attach(*this);
    open_ = true;
  }
  void on_handshake_failed(Transport&) override { ADD_FAILURE(); }
  void on_readable() override { read(1 + below(40'000)); }
  void on_writable() override {}
  void on_peer_finished() override { ADD_FAILURE(); }
  void on_hangup() override { ADD_FAILURE(); }

 private:
  size_t below(size_t limit) { return random_() % limit; }
  std::string bytes(size_t size) {
    std::string made(size, '\0');
    for (char& byte : made) byte = static_cast<char>(random_());
    return made;
  }
  net::IoResult read(size_t size) {
    std::vector<char> buffer(size);
    const auto result = transport_.read(buffer);
    EXPECT_NE(result.status, Status::broken);
    to_server_.append(buffer.data(), result.bytes);
    return result;
  }
  void read_all() {
    while (read(50'000).status == Status::ok) continue;
  }
  void client_sends() {
    const std::string text = bytes(1 + below(20'000));
    client_.send(text);
    sent_ += text;
  }
  void change_keys() {
    for (size_t i = 1 + below(20); i > 0; --i) {
      SSL_key_update(client_.ssl(),
                     below(2) == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
      client_.handshake();
    }
  }
  void server_writes() {
    if (told_ == offered_.size()) offered_ += bytes(1 + below(30'000));
    const std::string_view rest = std::string_view(offered_).substr(told_);
    const iovec piece{const_cast<char*>(rest.data()), rest.size()};
    const auto result = transport_.write({&piece, 1});
    EXPECT_NE(result.status, Status::broken);
    ASSERT_LE(result.bytes, rest.size());
    told_ += result.bytes;
  }
  // As much as that of what the client has said, and all of the server's.
  void carry(size_t most) {
    on_the_way_ += client_.take_wire();
    const size_t size = std::min(most, on_the_way_.size());
    wire_.inbound.append(on_the_way_, 0, size);
    on_the_way_.erase(0, size);
    for (int i = 0; i < 100 && wire_.turn(); ++i) continue;
    client_.receive(std::exchange(wire_.outbound, {}));
    to_client_ += client_.take();
  }

  std::mt19937& random_;
  testing::Wire wire_;
  testing::MemoryClient client_;
  Transport transport_;
  bool open_ = false;
  size_t told_ = 0;
  std::string on_the_way_;
  std::string offered_;
  std::string to_client_;
  std::string sent_;
  std::string to_server_;
};

TEST(TransportRandomTest, NothingIsLostOrChanged) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    net::TimePoint now{std::chrono::hours(1)};
    net::TimerQueue timers;
    Workspace workspace(timers, now);
    workspace.ciphers.most_for_a_key = 7;
    Options options;
    options.entries = {testing::entry_of(testing::localhost_certificate())};
    options.entries[0].low_memory_mode = seed % 4 > 0;
    std::vector<std::string> warnings;
    const auto context = Context::make(options, nullptr, warnings);
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<Connection>> connections;
    for (const char* cipher :
         {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}) {
      connections.push_back(std::make_unique<Connection>(workspace, context, cipher, random));
    }
    for (int i = 0; i < 1'000; ++i) {
      connections[random() % connections.size()]->act();
      if (i % 10 == 0) timers.fire(now);
    }
    for (const auto& connection : connections) connection->settle();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace bao::tls
