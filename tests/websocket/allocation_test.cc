#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "websocket/client_frames.h"
#include "websocket/connection.h"

namespace {

std::atomic<long> allocations = 0;

}  // namespace

// Not inline: g++ 12 would see free() of what new gave, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace bao::websocket {
namespace {

// A peer that sends the same bytes at each read and takes everything.
class EndlessPeer final : public net::Transport {
 public:
  explicit EndlessPeer(const std::string& bytes) : bytes_(bytes) {}
  void attach(net::TransportObserver&) override {}
  net::IoResult read(std::span<char> buffer) override {
    std::copy(bytes_.begin(), bytes_.end(), buffer.begin());
    return {net::IoResult::Status::ok, bytes_.size()};
  }
  net::IoResult write(std::span<const iovec> pieces) override {
    return {net::IoResult::Status::ok, net::size_of(pieces)};
  }
  void want_read(bool) override {}
  void want_write(bool) override {}
  void finish_writing() override {}
  void close(bool) override {}

 private:
  const std::string& bytes_;
};

struct Echo final : ConnectionObserver {
  bool compress = false;
  long messages = 0;
  void on_message(Connection& connection, const Message& message) override {
    ++messages;
    connection.send(message.payload, message.text ? Opcode::text : Opcode::binary, compress);
  }
  void on_close(Connection&, uint16_t, std::string_view) override {}
  void on_gone(Connection&) override {}
};

struct Owner final : WorkspaceOwner {
  void on_pending() override {}
};

// How many allocations ten reads of those bytes cost, once everything that is reused is there.
long allocations_of(const std::string& bytes, const DeflateAgreement& deflate, long messages) {
  net::TimerQueue timers;
  net::TimePoint now{};
  std::vector<char> buffer(64 * 1024);
  Owner owner;
  Workspace workspace(owner, timers, now, buffer);
  Echo echo;
  echo.compress = deflate.enabled;
  Connection connection(workspace, std::make_unique<EndlessPeer>(bytes), echo, deflate);
  connection.start("101");
  for (int i = 0; i < 3; ++i) connection.on_readable();
  const long before = allocations;
  echo.messages = 0;
  for (int i = 0; i < 10; ++i) connection.on_readable();
  EXPECT_EQ(echo.messages, 10 * messages);
  return allocations - before;
}

TEST(SocketAllocation, EchoDoesNotAllocate) {
  using testing::binary;
  using testing::text;
  EXPECT_EQ(allocations_of(text("Hello"), {}, 1), 0);
  EXPECT_EQ(
      allocations_of(text("Hello") + binary(std::string(300, 'b')) + testing::ping("p"), {}, 2), 0);
  EXPECT_EQ(allocations_of(binary(std::string(16 * 1024, 'b')), {}, 1), 0)
      << "larger than what is copied";
}

TEST(SocketAllocation, CompressedEchoDoesNotAllocate) {
  Compressor compressor(15, 8);
  std::string packed;
  compressor.compress(std::string(5000, 'x'), false, packed);
  const std::string bytes = testing::frame({.opcode = 1, .payload = packed, .rsv = 4});
  using Mode = DeflateSettings::Mode;
  EXPECT_EQ(allocations_of(bytes, {.enabled = true, .compress = Mode::shared}, 1), 0);
  EXPECT_EQ(
      allocations_of(
          bytes, {.enabled = true, .compress = Mode::dedicated, .decompress = Mode::dedicated}, 1),
      0);
}

}  // namespace
}  // namespace bao::websocket
