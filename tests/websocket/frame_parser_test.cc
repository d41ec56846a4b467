#include "websocket/frame_parser.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "http1/cuts.h"
#include "http1/guarded_page.h"
#include "websocket/client_frames.h"

namespace bao::websocket {
namespace {

using testing::ClientFrame;
using testing::frame;

// What came out of the parser: each frame whose payload has come, and how it ended.
struct Read {
  struct Frame {
    Opcode opcode;
    bool final;
    bool compressed;
    bool text;
    std::string payload;
    bool ended;
    bool operator==(const Frame&) const = default;
  };
  std::vector<Frame> frames;
  uint16_t code = 0;
  std::string reason;
  bool at_frame_start = false;
  bool in_message = false;
  bool operator==(const Read&) const = default;
};

struct Options {
  bool compression = false;
  uint64_t max_message = 1 << 20;
};

Read read_cut(std::string_view bytes, const testing::Cuts& cuts, const Options& options) {
  FrameParser parser(options.compression);
  testing::GuardedPage page(bytes.size());
  Read read;
  size_t start = 0;
  for (size_t end : cuts) {
    const std::string_view placed = page.place(bytes.substr(start, end - start));
    std::span<char> input(const_cast<char*>(placed.data()), placed.size());
    FrameParser::Event event;
    while ((event = parser.next(input, options.max_message)) == FrameParser::Event::payload) {
      if (parser.frame_begins())
        read.frames.push_back({parser.opcode(), parser.final(), false, false, "", false});
      Read::Frame& last = read.frames.back();
      if (!is_control(parser.opcode())) {
        last.compressed = parser.compressed();
        last.text = parser.text();
      }
      last.payload.append(parser.piece().data(), parser.piece().size());
      last.ended = parser.frame_ends();
      EXPECT_EQ(parser.opcode(), last.opcode);
      EXPECT_EQ(parser.final(), last.final);
    }
    if (event == FrameParser::Event::refused) {
      read.code = parser.fault().code;
      read.reason = parser.fault().reason;
      EXPECT_EQ(parser.next(input, options.max_message), FrameParser::Event::refused) << "stays so";
      break;
    }
    EXPECT_TRUE(input.empty());
    start = end;
  }
  read.at_frame_start = parser.at_frame_start();
  read.in_message = parser.in_message();
  return read;
}

// Whole, byte by byte and split at random: always the same. What stands before a fault may have
// come or not, so only the fault is compared then.
Read read_frames(std::string_view bytes, const Options& options = {}) {
  const Read whole = read_cut(bytes, testing::whole(bytes.size()), options);
  for (const testing::Cuts& cuts : testing::all_ways(bytes.size())) {
    const Read read = read_cut(bytes, cuts, options);
    EXPECT_EQ(read.code, whole.code);
    EXPECT_EQ(read.reason, whole.reason);
    EXPECT_EQ(read.frames, whole.frames);
  }
  return whole;
}

void expect_refused(std::string_view bytes, uint16_t code, std::string_view reason,
                    const Options& options = {}) {
  const Read read = read_frames(bytes, options);
  EXPECT_EQ(read.code, code);
  EXPECT_NE(read.reason.find(reason), std::string::npos) << read.reason;
}

// RFC 6455 section 5.7: a single-frame masked text message.
TEST(FrameParser, ExampleOfAMaskedText) {
  const Read read =
      read_frames(std::string_view("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11));
  ASSERT_EQ(read.frames.size(), 1u);
  EXPECT_EQ(read.frames[0], (Read::Frame{Opcode::text, true, false, true, "Hello", true}));
  EXPECT_TRUE(read.at_frame_start);
  EXPECT_FALSE(read.in_message);
}

// RFC 6455 section 5.2: payload lengths of 7, 16 and 64 bits, at their borders.
TEST(FrameParser, LengthsAtTheirBorders) {
  for (size_t size : {0u, 1u, 124u, 125u, 126u, 127u, 128u, 65535u, 65536u, 70000u}) {
    const std::string payload(size, 'p');
    FrameParser parser;
    std::string bytes = testing::binary(payload);
    std::span<char> input(bytes);
    ASSERT_EQ(parser.next(input, 1 << 20), FrameParser::Event::payload) << size;
    EXPECT_EQ(std::string(parser.piece().data(), parser.piece().size()), payload);
    EXPECT_TRUE(parser.frame_begins());
    EXPECT_TRUE(parser.frame_ends());
    EXPECT_TRUE(input.empty());
    EXPECT_EQ(parser.next(input, 1 << 20), FrameParser::Event::more);
  }
}

TEST(FrameParser, FramesInPieces) {
  read_frames(testing::text("one") + testing::binary(std::string(200, 'b')) + testing::text(""));
}

// RFC 6455 section 5.1: a frame of a client is masked.
TEST(FrameParser, UnmaskedFrame) {
  expect_refused(frame({.payload = "Hello", .masked = false}), 1002, "not masked");
  expect_refused(frame({.payload = "", .masked = false}), 1002, "not masked");
  expect_refused(frame({.opcode = 9, .masked = false}), 1002, "not masked");
}

// RFC 6455 section 5.2: reserved bits are zero unless an extension says otherwise.
TEST(FrameParser, ReservedBits) {
  for (uint8_t rsv = 1; rsv <= 7; ++rsv) {
    for (uint8_t opcode : {0, 1, 2, 8, 9, 10}) {
      const Read read = read_frames(frame({.opcode = opcode, .rsv = rsv}));
      EXPECT_EQ(read.code, 1002) << int(rsv) << " " << int(opcode);
    }
  }
}

// RFC 7692 section 6: with permessage-deflate RSV1 means compressed, RSV2 and RSV3 nothing.
TEST(FrameParser, Rsv1WithCompression) {
  const Options compression{.compression = true};
  const Read read =
      read_frames(frame({.opcode = 1, .payload = "x", .rsv = 4}) + testing::text("y"), compression);
  ASSERT_EQ(read.frames.size(), 2u);
  EXPECT_TRUE(read.frames[0].compressed);
  EXPECT_FALSE(read.frames[1].compressed);
  for (uint8_t rsv : {1, 2, 3, 5, 6, 7}) {
    expect_refused(frame({.opcode = 1, .rsv = rsv}), 1002, "reserved bit", compression);
  }
}

// RFC 7692 section 6.1: RSV1 is set on the first fragment only, and holds for all of the message.
TEST(FrameParser, Rsv1InFragments) {
  const Options compression{.compression = true};
  const std::string first = frame({.opcode = 2, .payload = "a", .fin = false, .rsv = 4});
  const Read read = read_frames(first + frame({.opcode = 0, .payload = "b"}), compression);
  ASSERT_EQ(read.frames.size(), 2u);
  EXPECT_TRUE(read.frames[1].compressed);
  expect_refused(first + frame({.opcode = 0, .payload = "b", .rsv = 4}), 1002, "RSV1", compression);
}

// RFC 7692 section 6.1: control frames are not compressed.
TEST(FrameParser, Rsv1OnControlFrames) {
  for (uint8_t opcode : {8, 9, 10}) {
    expect_refused(frame({.opcode = opcode, .rsv = 4}), 1002, "RSV1", {.compression = true});
  }
}

// RFC 6455 section 5.2: opcodes 3 to 7 and b to f are reserved.
TEST(FrameParser, ReservedOpcodes) {
  for (uint8_t opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    expect_refused(frame({.opcode = opcode}), 1002, "opcode");
    expect_refused(frame({.opcode = opcode, .payload = "some"}), 1002, "opcode");
  }
}

// RFC 6455 section 5.2: the shortest form of the length must be used.
TEST(FrameParser, LengthsThatAreNotMinimal) {
  for (size_t size : {0u, 1u, 125u}) {
    const std::string payload(size, 'x');
    expect_refused(frame({.opcode = 2, .payload = payload, .length_bytes = 2}), 1002, "shortest");
    expect_refused(frame({.opcode = 2, .payload = payload, .length_bytes = 8}), 1002, "shortest");
  }
  for (size_t size : {126u, 65535u}) {
    FrameParser parser;
    std::string bytes = frame({.opcode = 2, .payload = std::string(size, 'x'), .length_bytes = 8});
    std::span<char> input(bytes);
    EXPECT_EQ(parser.next(input, 1 << 20), FrameParser::Event::refused) << size;
  }
}

// RFC 6455 section 5.2: the most significant bit of a 64-bit length is 0.
TEST(FrameParser, LengthWithItsHighestBit) {
  expect_refused(frame({.opcode = 2, .length_bytes = 8, .length = uint64_t{1} << 63}), 1002,
                 "highest bit", {.max_message = UINT64_MAX});
  expect_refused(frame({.opcode = 2, .length_bytes = 8, .length = UINT64_MAX}), 1002, "highest bit",
                 {.max_message = UINT64_MAX});
}

// RFC 6455 section 5.5: control frames have at most 125 bytes and are not fragmented.
TEST(FrameParser, ControlFrames) {
  for (uint8_t opcode : {8, 9, 10}) {
    const Read read = read_frames(frame({.opcode = opcode, .payload = std::string(125, 'c')}));
    ASSERT_EQ(read.frames.size(), 1u);
    EXPECT_EQ(read.frames[0].payload.size(), 125u);
    expect_refused(frame({.opcode = opcode, .payload = std::string(126, 'c')}), 1002, "125");
    expect_refused(frame({.opcode = opcode, .payload = std::string(65536, 'c')}), 1002, "125");
    expect_refused(frame({.opcode = opcode, .payload = "c", .fin = false}), 1002, "fragmented");
    expect_refused(frame({.opcode = opcode, .fin = false}), 1002, "fragmented");
  }
}

// RFC 6455 section 5.4: a fragmented message, with control frames in between.
TEST(FrameParser, FragmentsWithControlFramesBetween) {
  const Read read =
      read_frames(frame({.opcode = 1, .payload = "a", .fin = false}) + testing::ping("p") +
                  frame({.opcode = 0, .payload = "b", .fin = false}) + testing::pong("q") +
                  frame({.opcode = 0, .payload = "c"}) + testing::binary("d"));
  ASSERT_EQ(read.frames.size(), 6u);
  EXPECT_EQ(read.frames[0], (Read::Frame{Opcode::text, false, false, true, "a", true}));
  EXPECT_EQ(read.frames[1], (Read::Frame{Opcode::ping, true, false, false, "p", true}));
  EXPECT_EQ(read.frames[2], (Read::Frame{Opcode::continuation, false, false, true, "b", true}));
  EXPECT_EQ(read.frames[4], (Read::Frame{Opcode::continuation, true, false, true, "c", true}));
  EXPECT_EQ(read.frames[5], (Read::Frame{Opcode::binary, true, false, false, "d", true}));
  EXPECT_FALSE(read.in_message);
}

// RFC 6455 section 5.4: nothing to continue.
TEST(FrameParser, ContinuationOfNothing) {
  expect_refused(frame({.opcode = 0, .payload = "x"}), 1002, "continuation");
  expect_refused(frame({.opcode = 0, .payload = "x", .fin = false}), 1002, "continuation");
  expect_refused(testing::text("done") + frame({.opcode = 0}), 1002, "continuation");
  expect_refused(frame({.opcode = 1, .fin = false}) + frame({.opcode = 0}) + frame({.opcode = 0}),
                 1002, "continuation");
}

// RFC 6455 section 5.4: fragments of one message are not interleaved with those of another.
TEST(FrameParser, MessageInsideOfAMessage) {
  for (uint8_t opcode : {1, 2}) {
    for (bool fin : {true, false}) {
      expect_refused(frame({.opcode = 1, .payload = "a", .fin = false}) +
                         frame({.opcode = opcode, .fin = fin}),
                     1002, "inside");
    }
  }
}

// RFC 6455 section 7.4.1: 1009, as soon as the head says so.
TEST(FrameParser, TooLargeByItsHead) {
  const Options limit{.max_message = 100};
  EXPECT_EQ(read_frames(testing::binary(std::string(100, 'x')), limit).code, 0);
  expect_refused(testing::binary(std::string(101, 'x')).substr(0, 6), 1009, "larger", limit);
  expect_refused(frame({.opcode = 2, .length_bytes = 8, .length = uint64_t{1} << 62}).substr(0, 14),
                 1009, "larger", limit);
  expect_refused(testing::text("x"), 1009, "larger", {.max_message = 0});
  EXPECT_EQ(read_frames(testing::text(""), {.max_message = 0}).code, 0);
}

TEST(FrameParser, TooLargeInFragments) {
  const Options limit{.max_message = 100};
  const std::string half(50, 'x');
  const std::string two = frame({.opcode = 2, .payload = half, .fin = false}) +
                          frame({.opcode = 0, .payload = half, .fin = false});
  EXPECT_EQ(read_frames(two + frame({.opcode = 0}), limit).code, 0);
  expect_refused(two + frame({.opcode = 0, .payload = "x"}), 1009, "larger", limit);
  // The next message counts from zero, and control frames do not count.
  EXPECT_EQ(read_frames(two + testing::ping("0123456789") + frame({.opcode = 0}) + two, limit).code,
            0);
}

TEST(FrameParser, LimitsAtTheEndOfTheNumbers) {
  const Options none{.max_message = UINT64_MAX};
  EXPECT_EQ(
      read_frames(frame({.opcode = 2, .length_bytes = 8, .length = UINT64_MAX >> 1}), none).code,
      0);
  const std::string first = frame({.opcode = 2, .payload = "x", .fin = false});
  EXPECT_EQ(
      read_frames(first + frame({.opcode = 0, .length_bytes = 8, .length = UINT64_MAX >> 1}), none)
          .code,
      0);
}

// Deflate may make a message longer than it is.
TEST(FrameParser, CompressedMessagesMayBeALittleLonger) {
  const Options limit{.compression = true, .max_message = 100};
  EXPECT_EQ(
      read_frames(frame({.opcode = 2, .payload = std::string(500, 'x'), .rsv = 4}), limit).code, 0);
  expect_refused(frame({.opcode = 2, .payload = std::string(5000, 'x'), .rsv = 4}), 1009, "larger",
                 limit);
}

// A peer that breaks the rules hears of it at the first byte that shows it.
TEST(FrameParser, RefusesAtOnce) {
  for (const auto& [bytes, name] :
       std::vector<std::pair<std::string, std::string>>{{"\xc1", "RSV1"},
                                                        {"\x83", "opcode"},
                                                        {"\x80", "continuation"},
                                                        {"\x09", "fragmented"},
                                                        {std::string("\x81\x05", 2), "mask"},
                                                        {"\x89\xfe", "long control frame"}}) {
    FrameParser parser;
    std::string copy = bytes;
    std::span<char> input(copy);
    EXPECT_EQ(parser.next(input, 100), FrameParser::Event::refused) << name;
  }
}

TEST(FrameParser, KnowsWhereItStands) {
  FrameParser parser;
  EXPECT_TRUE(parser.at_frame_start());
  std::string bytes = frame({.opcode = 1, .payload = "abcdef", .fin = false});
  std::span<char> head = std::span(bytes).first(3);
  EXPECT_EQ(parser.next(head, 100), FrameParser::Event::more);
  EXPECT_FALSE(parser.at_frame_start());
  std::span<char> some = std::span(bytes).subspan(3, 5);
  EXPECT_EQ(parser.next(some, 100), FrameParser::Event::payload);
  EXPECT_EQ(parser.piece().size(), 2u);
  EXPECT_EQ(parser.payload_left(), 4u);
  EXPECT_FALSE(parser.frame_ends());
  std::span<char> rest = std::span(bytes).subspan(8);
  EXPECT_EQ(parser.next(rest, 100), FrameParser::Event::payload);
  EXPECT_FALSE(parser.frame_begins());
  EXPECT_TRUE(parser.frame_ends());
  EXPECT_TRUE(parser.at_frame_start());
  EXPECT_TRUE(parser.in_message());
}

}  // namespace
}  // namespace bao::websocket
