#include <gtest/gtest.h>

#include "net/temporary_file.h"
#include "tls/transport_fixture.h"

// Plaintext over a connection whose handshake is done.
namespace bao::tls {
namespace {

using namespace std::chrono_literals;
using Status = net::IoResult::Status;

std::string patterned(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

// By OpenSSL's connection object, and without it.
class TransportTest : public testing::TlsTransportTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    options.entries[0].low_memory_mode = low_memory_mode();
    ASSERT_TRUE(connect());
    text.clear();
    calls.clear();
  }
  static bool low_memory_mode() { return GetParam(); }
  // What the server has written is taken by the client, who reads it at once.
  std::string take() {
    pump();
    return std::exchange(client_text, {});
  }
  net::IoResult write(std::string_view bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return transport->write({&piece, 1});
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, TransportTest, ::testing::Bool(),
                         [](const auto& mode) { return mode.param ? "LowMemory" : "Usual"; });

// ---- Out

TEST_P(TransportTest, PiecesAreJoinedIntoOneRecord) {
  const iovec pieces[] = {{const_cast<char*>("head "), 5},
                          {nullptr, 0},
                          {const_cast<char*>("and "), 4},
                          {const_cast<char*>("body"), 4}};
  const auto result = transport->write(pieces);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 13u);
  EXPECT_EQ(records_in(wire.outbound).size(), 1u);
  EXPECT_EQ(wire.writes.back(), wire.outbound.size()) << "one write";
  EXPECT_EQ(take(), "head and body");
}

TEST_P(TransportTest, SmallRecordsFirstThenFullOnes) {
  const std::string bytes = patterned(200'000);
  EXPECT_EQ(write(bytes).bytes, bytes.size());
  const auto records = records_in(wire.outbound);
  EXPECT_LE(records[0], 1400u) << "one packet's";
  EXPECT_LE(records[10], 1400u);
  const size_t largest = low_memory_mode() ? 4'096 : 16'384;
  EXPECT_EQ(records[13], largest + 17);
  EXPECT_LE(records.size(), 12u + 200'000 / largest + 1);
  EXPECT_EQ(take(), bytes);
  // No pause: large ones go on.
  write(bytes.substr(0, 50'000));
  EXPECT_EQ(records_in(wire.outbound)[0], largest + 17);
  take();
  now += 2s;
  write(bytes.substr(0, 50'000));
  EXPECT_LE(records_in(wire.outbound)[0], 1400u) << "after a pause";
  take();
}

TEST_P(TransportTest, WhatIsNotTakenIsOfferedAgain) {
  const std::string bytes = patterned(300'000);
  for (const size_t step : {1u, 100u, 5'000u, 70'000u}) {
    wire.throttle(step);
    const size_t size = step == 1 ? 3'000 : bytes.size();
    size_t told = 0;
    size_t calls_made = 0;
    while (told < size) {
      ASSERT_LT(++calls_made, 100'000u);
      const auto result = write(std::string_view(bytes).substr(told, size - told));
      ASSERT_NE(result.status, Status::broken);
      told += result.bytes;
      if (told < size) {
        ASSERT_TRUE(wire.write_wanted) << "it waits for room by itself";
        wire.turn();
      }
    }
    EXPECT_FALSE(wire.write_wanted);
    wire.room = wire.refill = SIZE_MAX;
    EXPECT_EQ(take(), bytes.substr(0, size)) << step;
  }
}

TEST_P(TransportTest, AllIsToldOnlyWhenAllIsTaken) {
  const std::string bytes = patterned(5'000);
  wire.throttle(0);
  size_t told = write(bytes).bytes;
  EXPECT_EQ(told, 0u);
  while (told < bytes.size()) {
    wire.room = 100;
    told += write(std::string_view(bytes).substr(told)).bytes;
    if (told < bytes.size()) {
      EXPECT_EQ(wire.room, 0u);
    }
  }
  wire.room = SIZE_MAX;
  EXPECT_EQ(take(), bytes) << "nothing waits inside";
}

TEST_P(TransportTest, SmallStepsAreTold) {
  const std::string bytes = patterned(60'000);
  wire.throttle(0);
  write(bytes);
  wire.room = 1'000;
  const auto result = write(bytes);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_GT(result.bytes, 900u);
  EXPECT_LT(result.bytes, 1'000u);
}

TEST_P(TransportTest, TheObserverIsToldOfRoomOnlyIfItWantsToKnow) {
  wire.throttle(0);
  write(patterned(5'000));
  wire.room = 100;
  wire.observer->on_writable();
  EXPECT_TRUE(calls.empty());
  transport->want_write(true);
  wire.room = 100;
  wire.observer->on_writable();
  EXPECT_EQ(calls, std::vector<std::string>{"writable"});
  transport->want_write(false);
  EXPECT_TRUE(wire.write_wanted) << "for what waits inside";
}

// ---- Files

TEST_P(TransportTest, AFileBehindItsHead) {
  const std::string bytes = patterned(200'000);
  const testing::TemporaryFile named(bytes);
  const net::FileDescriptor file = named.open();
  for (const size_t step : {SIZE_MAX, size_t{30'000}}) {
    now += 2s;
    wire.room = wire.refill = step;
    const std::string head = "the head\r\n";
    size_t told = 0;
    constexpr size_t kOffset = 10;
    const size_t length = bytes.size() - kOffset;
    while (told < head.size() + length) {
      net::IoResult result{};
      if (told < head.size()) {
        const iovec piece{const_cast<char*>(head.data()) + told, head.size() - told};
        result = transport->write_file({&piece, 1}, file.get(), kOffset, length);
      } else {
        const size_t of_file = told - head.size();
        result = transport->write_file({}, file.get(), kOffset + of_file, length - of_file);
      }
      ASSERT_TRUE(result.status == Status::ok || result.status == Status::would_block);
      told += result.bytes;
      if (told < head.size() + length) wire.turn();
    }
    if (step == SIZE_MAX) {
      EXPECT_LE(records_in(wire.outbound)[0], 1400u);
      EXPECT_GE(records_in(wire.outbound)[0], 1300u) << "the head shares the first record";
    }
    wire.room = wire.refill = SIZE_MAX;
    EXPECT_EQ(take(), head + bytes.substr(kOffset));
  }
}

TEST_P(TransportTest, AFileThatEndsTooSoon) {
  const testing::TemporaryFile named("short");
  const net::FileDescriptor file = named.open();
  const iovec head{const_cast<char*>("head"), 4};
  const auto result = transport->write_file({&head, 1}, file.get(), 0, 100);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 9u);
  EXPECT_EQ(transport->write_file({}, file.get(), 5, 95).status, Status::no_source);
  EXPECT_EQ(take(), "headshort");
}

// ---- In

TEST_P(TransportTest, ManyRecordsInOneRead) {
  for (int i = 0; i < 100; ++i) client->send("0123456789");
  pump();
  EXPECT_EQ(text.size(), 1000u);
  EXPECT_EQ(calls.size(), 1u);
}

TEST_P(TransportTest, LargeInput) {
  const std::string bytes = patterned(1'000'000);
  for (size_t at = 0; at < bytes.size(); at += 16'000) client->send(bytes.substr(at, 16'000));
  pump();
  EXPECT_EQ(text, bytes);
  EXPECT_TRUE(timers.empty()) << "nothing was left behind";
}

TEST_P(TransportTest, ASmallBufferIsFilledAgainAndAgain) {
  read_size = 10;
  const std::string bytes = patterned(20'000);
  client->send(bytes);
  pump();
  for (int i = 0; i < 10'000 && !timers.empty(); ++i) pass(0ms);
  EXPECT_EQ(text, bytes);
}

TEST_P(TransportTest, WhatIsLeftIsToldWhenReadingIsWantedAgain) {
  read_size = 10;
  client->send("0123456789abcdef");
  pump();
  transport->want_read(false);
  pass(0ms);
  EXPECT_EQ(text, "0123456789");
  transport->want_read(true);
  pass(0ms);
  EXPECT_EQ(text, "0123456789abcdef");
}

TEST_P(TransportTest, HalfARecordIsNothingYet) {
  client->send("whole");
  const std::string bytes = client->take_wire();
  wire.inbound = bytes.substr(0, 7);
  wire.turn();
  EXPECT_EQ(last_read, Status::would_block);
  wire.inbound = bytes.substr(7);
  wire.turn();
  EXPECT_EQ(text, "whole");
}

TEST_P(TransportTest, KeyUpdatesAreAnswered) {
  ASSERT_EQ(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  send("new key");
  EXPECT_EQ(text, "new key");
  EXPECT_TRUE(write_all("mine, too"));
  EXPECT_EQ(take(), "mine, too");
}

// As a client would that changes its keys between the parts of one request, and asks for ours.
TEST_P(TransportTest, KeyUpdatesInTheMiddleOfARequest) {
  std::string sent;
  for (int i = 0; i < 1000; ++i) {
    const std::string part = "part " + std::to_string(i) + "\n";
    ASSERT_EQ(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client->send(part);
    sent += part;
    if (i % 10 == 9) pump();
  }
  EXPECT_EQ(text, sent);
  EXPECT_TRUE(write_all("the reply"));
  EXPECT_EQ(take(), "the reply");
}

// RFC 8446 section 4.6.3: each is answered. Who asks for ever and reads nothing is given up.
TEST_P(TransportTest, AnswersToKeyUpdatesDoNotPileUp) {
  wire.room = wire.refill = 0;
  int asked = 0;
  for (; asked < 20'000 && last_read != Status::broken; ++asked) {
    ASSERT_EQ(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client->handshake();
    pump();
  }
  EXPECT_EQ(last_read, Status::broken);
  EXPECT_GT(asked, 1000);
}

// What waits then is an answer of TLS itself, behind which nothing was written yet.
TEST_P(TransportTest, AnAnswerThatWaitsIsNotTakenForPlaintext) {
  const std::string bytes = patterned(1'000);
  wire.throttle(10);
  ASSERT_TRUE(write_all(bytes));
  wire.room = wire.refill = 0;
  ASSERT_EQ(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  client->handshake();
  wire.inbound += client->take_wire();
  while (!wire.inbound.empty()) wire.turn();
  const auto result = write("more");
  EXPECT_EQ(result.status, Status::would_block);
  EXPECT_EQ(result.bytes, 0u);
  wire.room = wire.refill = SIZE_MAX;
  ASSERT_TRUE(write_all("more"));
  EXPECT_EQ(take(), bytes + "more");
}

TEST_P(TransportTest, ADamagedRecordBreaksTheConnection) {
  client->send("secret");
  wire.inbound = client->take_wire();
  wire.inbound.back() ^= 1;
  wire.turn();
  EXPECT_EQ(last_read, Status::broken);
  EXPECT_EQ(records_in(wire.outbound).size(), 1u) << "bad_record_mac";
  EXPECT_EQ(write("more").status, Status::broken);
}

// ---- Ends (RFC 8446 section 6.1)

TEST_P(TransportTest, ACloseNotifyIsAnEnd) {
  client->finish();
  pump();
  EXPECT_EQ(last_read, Status::end);
  EXPECT_FALSE(transport->incomplete_close());
  EXPECT_TRUE(write_all("the last reply")) << "our side is still open";
  EXPECT_EQ(take(), "the last reply");
}

TEST_P(TransportTest, AnEndWithoutCloseNotifyIsToldApart) {
  wire.peer_finished = true;
  pump();
  EXPECT_EQ(last_read, Status::end);
  EXPECT_TRUE(transport->incomplete_close());
  EXPECT_EQ(workspace.counters.incomplete_closes, 1u);
}

TEST_P(TransportTest, BytesAndTheEndBehindThem) {
  client->send("last words");
  client->finish();
  pump();
  EXPECT_EQ(text, "last words");
  EXPECT_EQ(last_read, Status::ok);
  pass(0ms);
  EXPECT_EQ(last_read, Status::end);
}

// As a connection does that answers one request before it reads the next: the client then waits
// for our end, and nothing below would tell of its own any more.
TEST_P(TransportTest, AnEndBehindBytesIsToldWhenReadingIsWantedAgain) {
  client->send("request");
  client->finish();
  pump();
  EXPECT_EQ(text, "request");
  EXPECT_EQ(last_read, Status::ok);
  transport->want_read(false);
  pass(0ms);
  EXPECT_EQ(last_read, Status::ok);
  transport->want_read(true);
  pass(0ms);
  EXPECT_EQ(last_read, Status::end);
}

TEST_P(TransportTest, AFailureBehindBytesIsToldWhenReadingIsWantedAgain) {
  client->send("request");
  const std::string good = client->take_wire();
  client->send("damaged");
  wire.inbound = good + client->take_wire();
  wire.inbound.back() ^= 1;
  wire.turn();
  EXPECT_EQ(text, "request");
  EXPECT_EQ(last_read, Status::ok);
  transport->want_read(false);
  pass(0ms);
  transport->want_read(true);
  pass(0ms);
  EXPECT_EQ(last_read, Status::broken);
}

TEST_P(TransportTest, OurEndIsACloseNotify) {
  transport->finish_writing();
  EXPECT_TRUE(wire.finished);
  pump();
  EXPECT_TRUE(client->server_finished());
  client->send("still talking");
  pump();
  EXPECT_EQ(text, "still talking");
}

TEST_P(TransportTest, OurEndWaitsForWhatIsBeforeIt) {
  ASSERT_EQ(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  client->send("x");
  wire.throttle(0);
  pump();
  transport->finish_writing();
  EXPECT_FALSE(wire.finished);
  wire.room = 1'000;
  pump();
  EXPECT_TRUE(wire.finished);
  EXPECT_TRUE(client->server_finished());
}

TEST_P(TransportTest, ClosingSaysSo) {
  transport->close(false);
  EXPECT_TRUE(wire.closed);
  EXPECT_FALSE(wire.reset);
  client->receive(wire.outbound);
  client->take();
  EXPECT_TRUE(client->server_finished());
}

// What is told of a connection is told while it is open.
TEST_P(TransportTest, FactsOfAConnection) {
  EXPECT_EQ(transport->protocol(), "http/1.1");
  const auto facts = transport->security();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->protocol, "TLSv1.3");
  EXPECT_EQ(facts->cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(facts->server_name, "localhost");
  transport->close(false);
  EXPECT_FALSE(transport->security());
  EXPECT_EQ(transport->protocol(), "");
}

TEST_P(TransportTest, AResetDoesNot) {
  transport->close(true);
  EXPECT_TRUE(wire.reset);
  EXPECT_TRUE(wire.outbound.empty());
}

TEST_P(TransportTest, AResetOfThePeerIsTold) {
  transport->want_read(false);
  wire.peer_reset = true;
  wire.turn();
  EXPECT_EQ(calls, std::vector<std::string>{"hangup"});
  EXPECT_EQ(write("x").status, Status::broken);
}

}  // namespace
}  // namespace bao::tls
