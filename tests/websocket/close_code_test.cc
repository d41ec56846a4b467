#include "websocket/close_code.h"

#include <gtest/gtest.h>
#include <string>

namespace bao::websocket {
namespace {

std::string payload_of(uint16_t code, std::string_view reason) {
  char bytes[125];
  return std::string(bytes, write_close_payload(bytes, code, reason));
}

// RFC 6455 sections 7.4.1 and 7.4.2.
TEST(CloseCode, WhatAPeerMaySend) {
  for (int code = 0; code <= 65535; ++code) {
    const bool registered =
        (code >= 1000 && code <= 1014) && code != 1004 && code != 1005 && code != 1006;
    const bool free = code >= 3000 && code <= 4999;
    EXPECT_EQ(may_be_received(static_cast<uint16_t>(code)), registered || free) << code;
  }
}

// RFC 6455 section 7.1.5: no code in the frame is 1005.
TEST(CloseCode, EmptyPayloadHasNoStatus) {
  uint16_t fault = 0;
  const auto info = read_close_payload("", fault);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->code, 1005);
  EXPECT_EQ(info->reason, "");
}

TEST(CloseCode, ReadsCodeAndReason) {
  uint16_t fault = 0;
  const auto info = read_close_payload("\x03\xe8gr\xc3\xbc\xc3\x9f", fault);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->code, 1000);
  EXPECT_EQ(info->reason, "gr\xc3\xbc\xc3\x9f");
}

// RFC 6455 section 5.5.1: a body begins with two bytes.
TEST(CloseCode, OneByteIsAProtocolError) {
  uint16_t fault = 0;
  EXPECT_FALSE(read_close_payload("\x03", fault));
  EXPECT_EQ(fault, 1002);
}

TEST(CloseCode, ReservedCodesAreProtocolErrors) {
  for (uint16_t code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    uint16_t fault = 0;
    EXPECT_FALSE(read_close_payload({bytes, 2}, fault)) << code;
    EXPECT_EQ(fault, 1002) << code;
  }
}

// RFC 6455 section 8.1 and 5.5.1: the reason is UTF-8.
TEST(CloseCode, ReasonThatIsNotUtf8) {
  uint16_t fault = 0;
  EXPECT_FALSE(read_close_payload("\x03\xe8\xff", fault));
  EXPECT_EQ(fault, 1007);
  EXPECT_FALSE(read_close_payload("\x03\xe8\xe2\x82", fault)) << "cut character";
}

TEST(CloseCode, WritesCodeAndReason) {
  EXPECT_EQ(payload_of(1000, ""), "\x03\xe8");
  EXPECT_EQ(payload_of(4999, "bye"),
            "\x13\x87"
            "bye");
}

// RFC 6455 section 7.4.1: 1005 and 1006 are never sent.
TEST(CloseCode, WritesNothingForCodesThatAreNeverSent) {
  EXPECT_EQ(payload_of(0, "x"), "");
  EXPECT_EQ(payload_of(1005, "x"), "");
  EXPECT_EQ(payload_of(1006, "x"), "");
}

TEST(CloseCode, CutsTheReasonAtACharacter) {
  EXPECT_EQ(payload_of(1000, std::string(123, 'a')).size(), 125u);
  EXPECT_EQ(payload_of(1000, std::string(124, 'a')).size(), 125u);
  EXPECT_EQ(payload_of(1000, std::string(122, 'a') + "\xc3\xbc"),
            "\x03\xe8" + std::string(122, 'a'));
  EXPECT_EQ(payload_of(1000, std::string(121, 'a') + "\xc3\xbc"),
            "\x03\xe8" + std::string(121, 'a') + "\xc3\xbc");
  EXPECT_EQ(payload_of(1000, std::string(120, 'a') + "\xf0\x9f\x98\x80"),
            "\x03\xe8" + std::string(120, 'a'));
}

TEST(CloseCode, CutAtCharacterOfShortTextIsTheText) {
  EXPECT_EQ(cut_at_character("abc", 3), "abc");
  EXPECT_EQ(cut_at_character("", 0), "");
  EXPECT_EQ(cut_at_character("\xc3\xbc", 1), "");
}

}  // namespace
}  // namespace bao::websocket
