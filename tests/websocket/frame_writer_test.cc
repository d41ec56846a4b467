#include "websocket/frame_writer.h"

#include <gtest/gtest.h>
#include <string>

namespace bao::websocket {
namespace {

std::string head(Opcode opcode, size_t payload, bool compressed = false) {
  char bytes[kMaxServerFrameHead];
  const size_t size = write_frame_head(bytes, opcode, payload, compressed);
  EXPECT_EQ(size, server_frame_head_size(payload));
  return std::string(bytes, size);
}

// RFC 6455 section 5.7.
TEST(FrameWriter, ExamplesOfTheRfc) {
  std::string text;
  append_frame(text, Opcode::text, "Hello", false);
  EXPECT_EQ(text, "\x81\x05Hello");
  EXPECT_EQ(head(Opcode::binary, 256), std::string("\x82\x7e\x01\x00", 4));
  EXPECT_EQ(head(Opcode::binary, 65536),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

// RFC 6455 section 5.2: the shortest form of each length; a server does not mask (5.1).
TEST(FrameWriter, ShortestLengths) {
  EXPECT_EQ(head(Opcode::text, 0), std::string("\x81\x00", 2));
  EXPECT_EQ(head(Opcode::text, 125), "\x81\x7d");
  EXPECT_EQ(head(Opcode::text, 126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(head(Opcode::text, 65535), "\x81\x7e\xff\xff");
  EXPECT_EQ(head(Opcode::text, 0x123456789a),
            std::string("\x81\x7f\x00\x00\x00\x12\x34\x56\x78\x9a", 10));
}

TEST(FrameWriter, Opcodes) {
  EXPECT_EQ(head(Opcode::close, 2), "\x88\x02");
  EXPECT_EQ(head(Opcode::ping, 1), "\x89\x01");
  EXPECT_EQ(head(Opcode::pong, 1), "\x8a\x01");
}

// RFC 7692 section 6.
TEST(FrameWriter, CompressedSetsRsv1) {
  EXPECT_EQ(head(Opcode::text, 7, true), "\xc1\x07");
}

TEST(FrameWriter, AppendsBehindWhatIsThere) {
  std::string bytes;
  append_frame(bytes, Opcode::text, "a", false);
  append_frame(bytes, Opcode::binary, std::string(300, 'b'), false);
  EXPECT_EQ(bytes,
            "\x81\x01"
            "a\x82\x7e\x01\x2c" +
                std::string(300, 'b'));
}

}  // namespace
}  // namespace bao::websocket
