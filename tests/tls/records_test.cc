#include "tls/records.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <random>
#include <string>
#include <vector>

#include "http1/guarded_page.h"
#include "tls/record_peer.h"

// Records after the handshake, against a client that may break every rule.
namespace bao::tls {
namespace {

using testing::bytes_of;
using testing::GuardedPage;
using testing::joined;
using testing::RecordPeer;
using Status = Records::Status;

constexpr CipherSuite kAes128 = CipherSuite::aes_128_gcm_sha256;
constexpr CipherSuite kSuites[] = {kAes128, CipherSuite::aes_256_gcm_sha384,
                                   CipherSuite::chacha20_poly1305_sha256};

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(0, 2)), nullptr, 16));
  }
  return bytes;
}

RecordPeer::Record alert(uint8_t description) {
  return {21, std::string{2, static_cast<char>(description)}};
}
const RecordPeer::Record kKeyUpdate{22, RecordPeer::key_update_message(false)};

/// A server's end and its client's.
struct Pair {
  explicit Pair(RecordCiphers& ciphers, CipherSuite suite = kAes128, char client = 'c',
                char server = 's')
      : records(ciphers), peer(suite, client, server) {
    RecordPeer::start(records, suite, client, server);
  }

  /// What comes of these bytes; the rest of them is in `rest`.
  Status feed(std::string_view bytes, size_t room = 64 * 1024) {
    std::string buffer(room, '\0');
    Records::ReadResult result{};
    do {
      result = records.read(bytes, {buffer.data(), buffer.size()}, output);
      text.append(buffer, 0, result.bytes);
    } while (result.status == Status::ok);
    EXPECT_TRUE(bytes.empty()) << "all of it is used";
    EXPECT_FALSE(records.has_plaintext());
    return result.status;
  }
  /// What the server has said since the last call.
  std::vector<RecordPeer::Record> said() { return peer.open(std::exchange(output, {})); }

  Records records;
  RecordPeer peer;
  std::string text;
  std::string output;
};

class RecordsTest : public ::testing::Test {
 protected:
  ~RecordsTest() override { EXPECT_EQ(ERR_peek_error(), 0u); }

  // A client that says this is told so, and the connection is over.
  void expect_fault(Pair& pair, std::string_view bytes, uint8_t description,
                    const std::string& what = "") {
    EXPECT_EQ(pair.feed(bytes), Status::failed) << what;
    EXPECT_EQ(pair.said(), std::vector{alert(description)}) << what;
    EXPECT_EQ(pair.feed(pair.peer.data("more")), Status::failed) << what;
    EXPECT_FALSE(pair.records.write("more", pair.output)) << what;
    pair.records.finish(pair.output);
    EXPECT_TRUE(pair.output.empty()) << "nothing follows the alert";
  }
  void expect_fault_of_inner(uint8_t type, std::string_view content, uint8_t description) {
    Pair pair(ciphers);
    expect_fault(pair, pair.peer.seal(type, content), description,
                 std::to_string(type) + " " + std::to_string(content.size()));
  }

  static constexpr uint8_t kUnexpectedMessage = 10;
  static constexpr uint8_t kBadRecordMac = 20;
  static constexpr uint8_t kRecordOverflow = 22;
  static constexpr uint8_t kIllegalParameter = 47;
  static constexpr uint8_t kDecodeError = 50;

  RecordCiphers ciphers;
};

// RFC 8448 section 3: 50 bytes in both directions, and both ends. The server has sent a ticket
// before.
TEST_F(RecordsTest, TheRecordsOfThePublishedExample) {
  Records records(ciphers);
  ASSERT_TRUE(records.start_reading(
      kAes128,
      bytes_of(from_hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"))));
  ASSERT_TRUE(records.start_writing(
      kAes128,
      bytes_of(from_hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"))));
  ASSERT_TRUE(records.ready());
  records.skip_written(1);
  std::string payload;
  for (char c = 0; c < 50; ++c) payload += c;
  const std::string from_client = from_hex(
      "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a"
      "20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4");
  std::string_view input = from_client;
  std::string output;
  char buffer[100];
  const auto result = records.read(input, buffer, output);
  EXPECT_EQ(result.status, Status::want_input);
  EXPECT_EQ(std::string(buffer, result.bytes), payload);
  EXPECT_TRUE(records.write(payload, output));
  EXPECT_EQ(output,
            from_hex("17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90"
                     "e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"));
  output.clear();
  records.finish(output);
  EXPECT_EQ(output, from_hex("1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"));
  const std::string end = from_hex("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3");
  input = end;
  EXPECT_EQ(records.read(input, buffer, output).status, Status::end);
}

TEST_F(RecordsTest, ContentOfAnyLength) {
  for (const CipherSuite suite : kSuites) {
    Pair pair(ciphers, suite);
    for (const size_t size : {0u, 1u, 15u, 16u, 17u, 1000u, 16'383u, 16'384u}) {
      const std::string content(size, 'x');
      pair.text.clear();
      EXPECT_EQ(pair.feed(pair.peer.data(content)), Status::want_input);
      EXPECT_EQ(pair.text, content);
      EXPECT_TRUE(pair.records.write(content, pair.output));
      EXPECT_EQ(pair.said(), (std::vector<RecordPeer::Record>{{23, content}}));
    }
  }
}

// All that a client may say, and garbage behind its end, however it is cut.
TEST_F(RecordsTest, WholeByteByByteAndSplit) {
  std::mt19937 random(20);
  for (const CipherSuite suite : kSuites) {
    Pair whole(ciphers, suite);
    RecordPeer& peer = whole.peer;
    std::string said =
        joined({peer.data("one"), peer.data(""), peer.seal(23, "two", 300), peer.key_update(false),
                peer.data(std::string(16'000, 'x')), peer.seal(22, std::string("\x18\0", 2)),
                peer.seal(22, std::string("\0\1\1", 3), 9)});
    peer.update_sending();
    said += joined({peer.seal(21, "\1\x5a"), peer.data("three"),
                    peer.seal(21, std::string("\1\0", 2)), "garbage"});
    EXPECT_EQ(whole.feed(said), Status::end);
    const std::string text = "onetwo" + std::string(16'000, 'x') + "three";
    EXPECT_EQ(whole.text, text);
    EXPECT_EQ(whole.said(), std::vector{kKeyUpdate});
    for (int round = 0; round < 12; ++round) {
      Pair pair(ciphers, suite);
      GuardedPage page(said.size());
      const size_t room = round % 3 == 0 ? 64 * 1024 : 1 + random() % 5'000;
      Status status = Status::want_input;
      for (size_t at = 0; at < said.size();) {
        const size_t size =
            round == 0 ? 1 : std::min<size_t>(1 + random() % 3'000, said.size() - at);
        ASSERT_EQ(status, at < said.size() - 7 ? Status::want_input : status);
        status = pair.feed(page.place(std::string_view(said).substr(at, size)), room);
        at += size;
      }
      EXPECT_EQ(status, Status::end);
      EXPECT_EQ(pair.text, text);
      EXPECT_EQ(pair.said(), std::vector{kKeyUpdate});
    }
  }
}

TEST_F(RecordsTest, WhatFindsNoRoomWaits) {
  Pair pair(ciphers);
  const std::string bytes = joined({pair.peer.data("0123456789"), pair.peer.data("abc")});
  std::string_view input = bytes;
  char buffer[4];
  std::string text;
  for (const size_t expected : {4u, 4u, 4u, 1u}) {
    const auto result = pair.records.read(input, buffer, pair.output);
    EXPECT_EQ(result.bytes, expected);
    EXPECT_EQ(result.status, expected == 4 ? Status::ok : Status::want_input);
    text.append(buffer, result.bytes);
  }
  EXPECT_EQ(text, "0123456789abc");
  EXPECT_FALSE(pair.records.has_plaintext());
}

// ---- Headers (RFC 8446 sections 5, 5.1 and 5.2)

TEST_F(RecordsTest, NothingIsUnprotectedAnyMore) {
  for (int type = 0; type < 256; ++type) {
    if (type == 23) continue;
    Pair pair(ciphers);
    std::string bytes = {static_cast<char>(type), 3, 3, 0, 1, 1};
    expect_fault(pair, bytes, kUnexpectedMessage, std::to_string(type));
  }
}

TEST_F(RecordsTest, TheVersionOfARecordDoesNotMatter) {
  Pair pair(ciphers);
  EXPECT_EQ(pair.feed(pair.peer.seal_inner("text\x17", 1)), Status::want_input);
  EXPECT_EQ(pair.text, "text");
}

TEST_F(RecordsTest, ARecordThatIsTooLong) {
  Pair pair(ciphers);
  expect_fault(pair, std::string("\x17\3\3\x41\1", 5), kRecordOverflow);
  Pair largest(ciphers);
  EXPECT_EQ(largest.feed(std::string("\x17\3\3\x41\0", 5)), Status::want_input);
  expect_fault(largest, std::string(kLargestCiphertext, 'x'), kBadRecordMac);
}

TEST_F(RecordsTest, ARecordThatIsTooShortForATag) {
  for (char size = 0; size < 16; ++size) {
    Pair pair(ciphers);
    expect_fault(pair, std::string{23, 3, 3, 0, size} + std::string(16, 'x'), kBadRecordMac);
  }
}

// ---- Protection (section 5.2)

TEST_F(RecordsTest, EveryBitIsProtected) {
  for (const CipherSuite suite : kSuites) {
    const std::string record = Pair(ciphers, suite).peer.data("text");
    for (size_t bit = 8; bit < record.size() * 8; ++bit) {
      if (bit / 8 == 3 || bit / 8 == 4) continue;  // of the length
      std::string damaged = record;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      Pair pair(ciphers, suite);
      expect_fault(pair, damaged, kBadRecordMac, std::to_string(bit));
      EXPECT_EQ(pair.text, "");
    }
    std::string shorter = record;
    shorter[4] = static_cast<char>(shorter[4] - 1);
    Pair pair(ciphers, suite);
    expect_fault(pair, shorter, kBadRecordMac);
  }
}

TEST_F(RecordsTest, RecordsAreInOrderAndComeOnce) {
  {
    Pair pair(ciphers);
    const std::string record = pair.peer.data("text");
    expect_fault(pair, record + record, kBadRecordMac, "again");
    EXPECT_EQ(pair.text, "text") << "what was good is given";
  }
  Pair pair(ciphers);
  const std::string first = pair.peer.data("first");
  expect_fault(pair, pair.peer.data("second") + first, kBadRecordMac, "in another order");
}

TEST_F(RecordsTest, OneDirectionIsNotTheOther) {
  Pair pair(ciphers);
  ASSERT_TRUE(pair.records.write("text", pair.output));
  Pair other(ciphers);
  expect_fault(other, pair.output, kBadRecordMac);
}

// ---- What is inside (sections 5.1, 5.2 and 5.4)

TEST_F(RecordsTest, InnerPlaintextThatIsTooLong) {
  for (const size_t padding : {0u, 1u, 100u, 239u}) {
    Pair pair(ciphers);
    const std::string content(kLargestContent + 239 - padding, 'x');
    const std::string record = pair.peer.seal(23, content, padding);
    expect_fault(pair, record, kRecordOverflow, "padding counts, too");
  }
  Pair pair(ciphers);
  EXPECT_EQ(pair.feed(pair.peer.seal(23, "x", kLargestContent - 1)), Status::want_input);
  EXPECT_EQ(pair.text, "x");
}

TEST_F(RecordsTest, NothingButZeros) {
  for (const size_t size : {0u, 1u, 100u, 16'385u}) {
    Pair pair(ciphers);
    expect_fault(pair, pair.peer.seal_inner(std::string(size, '\0')), kUnexpectedMessage);
  }
}

TEST_F(RecordsTest, UnknownTypes) {
  for (int type = 1; type < 256; ++type) {
    if (type < 21 || type > 23) {
      expect_fault_of_inner(static_cast<uint8_t>(type), "\1", kUnexpectedMessage);
    }
  }
}

// ---- Alerts (sections 5.1 and 6)

TEST_F(RecordsTest, AnAlertFillsItsRecord) {
  expect_fault_of_inner(21, "", kUnexpectedMessage);
  expect_fault_of_inner(21, "\1", kDecodeError);
  expect_fault_of_inner(21, std::string("\1\0\1", 3), kDecodeError);
  expect_fault_of_inner(21, std::string("\1\0\1\0", 4), kDecodeError);
}

// Section 6.1
TEST_F(RecordsTest, CloseNotifyIsAnEnd) {
  for (const char level : {0, 1, 2, 7}) {
    Pair pair(ciphers);
    EXPECT_EQ(
        pair.feed(joined({pair.peer.data("text"), pair.peer.seal(21, std::string{level, 0})})),
        Status::end);
    EXPECT_EQ(pair.text, "text");
    EXPECT_EQ(pair.feed(joined({pair.peer.data("ignored"), "garbage"})), Status::end);
    EXPECT_EQ(pair.text, "text");
    EXPECT_TRUE(pair.said().empty());
    EXPECT_TRUE(pair.records.write("answer", pair.output)) << "our direction is still open";
    pair.records.finish(pair.output);
    EXPECT_EQ(pair.said(), (std::vector<RecordPeer::Record>{{23, "answer"}, {21, {1, 0}}}));
  }
}

TEST_F(RecordsTest, UserCanceledIsIgnored) {
  Pair pair(ciphers);
  for (const char level : {1, 2}) {
    EXPECT_EQ(pair.feed(pair.peer.seal(21, std::string{level, 90})), Status::want_input);
  }
  EXPECT_EQ(pair.feed(pair.peer.data("text")), Status::want_input);
  EXPECT_EQ(pair.text, "text");
}

// Section 6.2: whatever their level, and unknown ones, too.
TEST_F(RecordsTest, OtherAlertsAreErrorsAndNotAnswered) {
  for (int description = 1; description < 256; ++description) {
    if (description == 90) continue;
    Pair pair(ciphers);
    const std::string last = std::string{1, static_cast<char>(description)};
    EXPECT_EQ(pair.feed(joined({pair.peer.data("text"), pair.peer.seal(21, last)})),
              Status::failed);
    EXPECT_EQ(pair.text, "text");
    EXPECT_FALSE(pair.records.write("more", pair.output));
    pair.records.finish(pair.output);
    EXPECT_TRUE(pair.output.empty());
  }
}

// ---- Handshake messages (sections 4.6.3 and 5.1)

TEST_F(RecordsTest, AKeyUpdateChangesTheKeys) {
  for (const CipherSuite suite : kSuites) {
    Pair pair(ciphers, suite);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(pair.feed(joined(
                    {pair.peer.data("a"), pair.peer.key_update(false), pair.peer.data("b")})),
                Status::want_input);
    }
    EXPECT_EQ(pair.text, "ababababab");
    EXPECT_TRUE(pair.output.empty()) << "none was requested";
  }
}

TEST_F(RecordsTest, OldKeysAreNotTakenAfterIt) {
  Pair pair(ciphers);
  const std::string message = pair.peer.seal(22, RecordPeer::key_update_message(false));
  expect_fault(pair, message + pair.peer.data("text"), kBadRecordMac);
}

TEST_F(RecordsTest, NewKeysAreNotTakenBeforeIt) {
  Pair pair(ciphers);
  pair.peer.update_sending();
  expect_fault(pair, pair.peer.data("text"), kBadRecordMac);
}

// Under the old keys, and before the next data.
TEST_F(RecordsTest, AKeyUpdateIsAnsweredIfItAsks) {
  for (const CipherSuite suite : kSuites) {
    Pair pair(ciphers, suite);
    ASSERT_TRUE(pair.records.write("before", pair.output));
    EXPECT_EQ(pair.feed(pair.peer.key_update(true)), Status::want_input);
    ASSERT_TRUE(pair.records.write("behind", pair.output));
    EXPECT_EQ(pair.said(),
              (std::vector<RecordPeer::Record>{{23, "before"}, kKeyUpdate, {23, "behind"}}));
  }
}

TEST_F(RecordsTest, AThousandAreAnswered) {
  Pair pair(ciphers);
  std::string asked;
  for (int i = 0; i < 1000; ++i) asked += joined({pair.peer.key_update(true), pair.peer.data("x")});
  EXPECT_EQ(pair.feed(asked), Status::want_input);
  EXPECT_EQ(pair.text, std::string(1000, 'x'));
  ASSERT_TRUE(pair.records.write("text", pair.output));
  const auto said = pair.said();
  ASSERT_EQ(said.size(), 1001u);
  EXPECT_EQ(std::count(said.begin(), said.end(), kKeyUpdate), 1000);
  EXPECT_EQ(said.back().content, "text");
}

TEST_F(RecordsTest, NoneIsAnsweredBehindOurCloseNotify) {
  Pair pair(ciphers);
  pair.records.finish(pair.output);
  EXPECT_EQ(pair.feed(joined({pair.peer.key_update(true), pair.peer.data("text")})),
            Status::want_input);
  EXPECT_EQ(pair.text, "text");
  EXPECT_EQ(pair.said().size(), 1u);
  EXPECT_EQ(pair.feed("not a record"), Status::failed);
  EXPECT_TRUE(pair.output.empty()) << "nor is there an alert";
}

TEST_F(RecordsTest, AKeyUpdateInPieces) {
  const std::string message = RecordPeer::key_update_message(true);
  for (unsigned cuts = 0; cuts < 16; ++cuts) {
    Pair pair(ciphers);
    std::string bytes;
    size_t from = 0;
    for (size_t at = 1; at <= message.size(); ++at) {
      if (at < message.size() && (cuts >> (at - 1) & 1) == 0) continue;
      bytes += pair.peer.seal(22, std::string_view(message).substr(from, at - from));
      from = at;
    }
    pair.peer.update_sending();
    EXPECT_EQ(pair.feed(bytes + pair.peer.data("text")), Status::want_input);
    EXPECT_EQ(pair.text, "text");
    EXPECT_EQ(pair.said(), std::vector{kKeyUpdate});
  }
}

TEST_F(RecordsTest, NothingComesBetweenThePieces) {
  for (size_t size = 1; size < 5; ++size) {
    const std::string part = RecordPeer::key_update_message(false).substr(0, size);
    for (const uint8_t type : {21, 23}) {
      Pair pair(ciphers);
      const std::string first = pair.peer.seal(22, part);
      expect_fault(pair, first + pair.peer.seal(type, std::string("\1\0", 2)), kUnexpectedMessage);
      EXPECT_EQ(pair.text, "");
    }
  }
}

TEST_F(RecordsTest, AKeyUpdateEndsItsRecord) {
  const std::string message = RecordPeer::key_update_message(false);
  expect_fault_of_inner(22, message + message, kUnexpectedMessage);
  expect_fault_of_inner(22, message + "\x18", kUnexpectedMessage);
}

TEST_F(RecordsTest, AnEmptyHandshakeRecord) {
  expect_fault_of_inner(22, "", kUnexpectedMessage);
  Pair pair(ciphers);
  expect_fault(pair, joined({pair.peer.seal(22, "\x18"), pair.peer.seal(22, "")}),
               kUnexpectedMessage);
  Pair padded(ciphers);
  expect_fault(padded, padded.peer.seal(22, "", 10), kUnexpectedMessage);
}

// A ClientHello among them (section 4.1.2).
TEST_F(RecordsTest, NoOtherHandshakeMessages) {
  for (int type = 0; type < 256; ++type) {
    if (type == 24) continue;
    expect_fault_of_inner(22, std::string{static_cast<char>(type), 0, 0, 1, 0}, kUnexpectedMessage);
  }
}

TEST_F(RecordsTest, ALengthThatNoKeyUpdateHas) {
  expect_fault_of_inner(22, std::string("\x18\0\0\0", 4), kDecodeError);
  expect_fault_of_inner(22, std::string("\x18\0\0\2\0\0", 6), kDecodeError);
  expect_fault_of_inner(22, std::string("\x18\0\1\1\0", 5), kDecodeError);
  expect_fault_of_inner(22, std::string("\x18\1\0\1\0", 5), kDecodeError);
}

TEST_F(RecordsTest, ARequestThatIsNeitherYesNorNo) {
  for (int value = 2; value < 256; ++value) {
    expect_fault_of_inner(22, std::string{24, 0, 0, 1, static_cast<char>(value)},
                          kIllegalParameter);
  }
}

// ---- Keys of our own direction

// Section 5.5
TEST_F(RecordsTest, KeysAreChangedBeforeTheyAreUsedUp) {
  EXPECT_LT(ciphers.most_for_a_key, 23'726'566u) << "2^24.5";
  for (const CipherSuite suite : kSuites) {
    ciphers.most_for_a_key = 10;
    Pair pair(ciphers, suite);
    ASSERT_TRUE(pair.records.write("first", pair.output));
    EXPECT_EQ(pair.said().size(), 1u);
    std::vector<RecordPeer::Record> expected;
    for (int i = 1; i <= 1000; ++i) {
      if (i % 10 == 0) expected.push_back(kKeyUpdate);
      expected.push_back({23, std::to_string(i)});
      ASSERT_TRUE(pair.records.write(std::to_string(i), pair.output));
    }
    EXPECT_EQ(pair.said(), expected);
  }
}

// Those that somebody else has sent count, too.
TEST_F(RecordsTest, RecordsOfTheHandshakeAreNumbered) {
  ciphers.most_for_a_key = 10;
  Pair pair(ciphers);
  ASSERT_TRUE(pair.records.write("one", pair.output));
  Records later(ciphers);
  RecordPeer::start(later, kAes128);
  later.skip_written(1);
  std::string output;
  ASSERT_TRUE(later.write("two", output));
  EXPECT_EQ(pair.peer.open(pair.output + output).size(), 2u);
}

// Several connections take turns with the same ciphers.
TEST_F(RecordsTest, ConnectionsDoNotDisturbEachOther) {
  for (const CipherSuite suite : kSuites) {
    Pair one(ciphers, suite, 'a', 'b');
    Pair two(ciphers, suite, 'd', 'e');
    for (int i = 0; i < 20; ++i) {
      for (Pair* pair : {&one, &two}) {
        EXPECT_EQ(pair->feed(pair->peer.data("x")), Status::want_input);
        ASSERT_TRUE(pair->records.write("y", pair->output));
        if (i % 5 == 3) {
          EXPECT_EQ(pair->feed(pair->peer.key_update(true)), Status::want_input);
        }
      }
      if (i == 10) {
        Pair gone(ciphers, suite, 'f', 'g');
        EXPECT_EQ(gone.feed(gone.peer.data("x")), Status::want_input);
      }
    }
    for (Pair* pair : {&one, &two}) {
      EXPECT_EQ(pair->text, std::string(20, 'x'));
      EXPECT_EQ(pair->said().size(), 24u);
    }
  }
}

TEST_F(RecordsTest, BothSecretsOfOneSuiteAreNeeded) {
  Records records(ciphers);
  EXPECT_FALSE(records.ready());
  EXPECT_TRUE(records.start_writing(kAes128, bytes_of(std::string(32, 's'))));
  EXPECT_FALSE(records.ready());
  EXPECT_TRUE(
      records.start_reading(CipherSuite::chacha20_poly1305_sha256, bytes_of(std::string(32, 'c'))));
  EXPECT_FALSE(records.ready());
  EXPECT_FALSE(records.start_reading(kAes128, bytes_of(std::string(31, 'c'))));
  EXPECT_FALSE(records.ready());
  EXPECT_TRUE(records.start_reading(kAes128, bytes_of(std::string(32, 'c'))));
  EXPECT_TRUE(records.ready());
}

// What an idle connection keeps of TLS.
TEST_F(RecordsTest, AreSmall) {
  EXPECT_LE(sizeof(Records), 288u);
}

}  // namespace
}  // namespace bao::tls
