#include "tls/ticket_keys.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

// How sessions are resumed is in handshake_test.cc.
namespace bao::tls {
namespace {

std::string bytes(char first, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(first + static_cast<char>(i));
  return text;
}

template <size_t size>
std::string text(const std::array<uint8_t, size>& part, size_t used = size) {
  return {part.begin(), part.begin() + static_cast<std::ptrdiff_t>(used)};
}

// As nginx keeps it: the name, then HMAC, then AES.
TEST(TicketKeysTest, ALongKey) {
  const auto keys = read_ticket_keys(
      {{.text = bytes(0, 16) + bytes(40, 32) + bytes(80, 32), .option = "ticketKeys"}});
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(text(keys[0].name), bytes(0, 16));
  EXPECT_EQ(text(keys[0].authentication), bytes(40, 32));
  EXPECT_EQ(text(keys[0].encryption), bytes(80, 32));
  EXPECT_EQ(keys[0].size, 32u);
}

// As nginx keeps it: the name, then AES, then HMAC.
TEST(TicketKeysTest, AShortKey) {
  const auto keys = read_ticket_keys(
      {{.text = bytes(0, 16) + bytes(40, 16) + bytes(80, 16), .option = "ticketKeys"}});
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].size, 16u);
  EXPECT_EQ(text(keys[0].encryption, 16), bytes(40, 16));
  EXPECT_EQ(text(keys[0].authentication, 16), bytes(80, 16));
}

TEST(TicketKeysTest, SeveralKeysStayInTheirOrder) {
  const auto keys = read_ticket_keys(
      {{.text = bytes(1, 80), .option = "a"}, {.text = bytes(2, 48), .option = "b"}});
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(text(keys[0].name), bytes(1, 16));
  EXPECT_EQ(text(keys[1].name), bytes(2, 16));
}

TEST(TicketKeysTest, AnotherLengthIsNamedAndTheSecretIsNot) {
  for (const size_t size : {0u, 1u, 47u, 49u, 79u, 81u}) {
    try {
      read_ticket_keys({{.text = std::string(80, 'k'), .option = "ticketKeys[0]"},
                        {.text = std::string(size, 'k'), .option = "ticketKeys[1]"}});
      FAIL() << size;
    } catch (const OptionError& error) {
      EXPECT_EQ(error.option(), "ticketKeys[1]");
      EXPECT_EQ(std::string(error.what()),
                "Option ticketKeys[1] holds " + std::to_string(size) +
                    " bytes: give 80, as `openssl rand 80` makes them, or 48");
    }
  }
}

}  // namespace
}  // namespace bao::tls
