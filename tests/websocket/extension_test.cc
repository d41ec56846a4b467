#include "websocket/extension.h"

#include <gtest/gtest.h>
#include <string>

namespace bao::websocket {
namespace {

using Mode = DeflateSettings::Mode;

constexpr DeflateSettings kShared{.compress = Mode::shared, .decompress = Mode::shared};
constexpr DeflateSettings kDedicated{.compress = Mode::dedicated, .decompress = Mode::dedicated};

ExtensionReply negotiate(std::string_view offers, const DeflateSettings& settings = kDedicated) {
  const auto reply = negotiate_extensions(offers, settings);
  EXPECT_TRUE(reply) << "grammar: " << offers;
  return reply.value_or(ExtensionReply{});
}

void expect_declined(std::string_view offers, const DeflateSettings& settings = kDedicated) {
  const ExtensionReply reply = negotiate(offers, settings);
  EXPECT_FALSE(reply.deflate.enabled) << offers;
  EXPECT_EQ(reply.value, "") << offers;
}

// RFC 7692 section 7.1: no parameters, everything at its default.
TEST(Extension, PlainOffer) {
  const ExtensionReply reply = negotiate("permessage-deflate");
  EXPECT_EQ(reply.value, "permessage-deflate");
  EXPECT_EQ(reply.deflate, (DeflateAgreement{.enabled = true,
                                             .compress = Mode::dedicated,
                                             .compress_window_bits = 15,
                                             .decompress = Mode::dedicated,
                                             .decompress_window_bits = 15}));
}

TEST(Extension, NothingOfferedNothingChosen) {
  expect_declined("");
  expect_declined("  ");
  expect_declined(",, ,");
}

TEST(Extension, DeclinedIfNotEnabled) {
  expect_declined("permessage-deflate; client_max_window_bits", {});
}

// RFC 6455 section 9.1: unknown extensions are declined by leaving them out.
TEST(Extension, UnknownExtensions) {
  expect_declined("x-webkit-deflate-frame, permessage-bzip2; level=\"9\"");
  EXPECT_EQ(negotiate("foo; a=b, permessage-deflate").value, "permessage-deflate");
  EXPECT_EQ(negotiate("permessage-deflate, foo").value, "permessage-deflate");
}

// A shared compressor or decompressor remembers nothing (sections 7.1.1.1 and 7.1.1.2), and the
// reply may say so although the offer did not.
TEST(Extension, SharedMeansNoContextTakeover) {
  const ExtensionReply reply = negotiate("permessage-deflate; client_max_window_bits", kShared);
  EXPECT_EQ(reply.value,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(reply.deflate.compress, Mode::shared);
  EXPECT_EQ(reply.deflate.decompress, Mode::shared);
}

// Section 7.1.1.1: a server that accepts the offer includes the parameter.
TEST(Extension, ServerNoContextTakeover) {
  const ExtensionReply reply = negotiate("permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(reply.value, "permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(reply.deflate.compress, Mode::shared);
  EXPECT_EQ(reply.deflate.decompress, Mode::dedicated);
}

// Section 7.1.1.2: the client says that it will not take context over, so none need be kept.
TEST(Extension, ClientNoContextTakeover) {
  const ExtensionReply reply = negotiate("permessage-deflate; client_no_context_takeover");
  EXPECT_EQ(reply.value, "permessage-deflate; client_no_context_takeover");
  EXPECT_EQ(reply.deflate.compress, Mode::dedicated);
  EXPECT_EQ(reply.deflate.decompress, Mode::shared);
}

// Section 7.1.2.1: the reply has the same or a smaller value.
TEST(Extension, ServerMaxWindowBits) {
  for (int bits = 9; bits <= 15; ++bits) {
    const std::string offer = "permessage-deflate; server_max_window_bits=" + std::to_string(bits);
    const ExtensionReply reply = negotiate(offer);
    EXPECT_EQ(reply.value, offer);
    EXPECT_EQ(reply.deflate.compress_window_bits, bits);
  }
  DeflateSettings small = kDedicated;
  small.compress_window_bits = 11;
  const ExtensionReply reply = negotiate("permessage-deflate; server_max_window_bits=14", small);
  EXPECT_EQ(reply.value, "permessage-deflate; server_max_window_bits=11");
  EXPECT_EQ(reply.deflate.compress_window_bits, 11);
  // A smaller window than the client can have needs no announcement.
  EXPECT_EQ(negotiate("permessage-deflate", small).value, "permessage-deflate");
  EXPECT_EQ(negotiate("permessage-deflate", small).deflate.compress_window_bits, 11);
}

// zlib has no window of 2^8 bytes, so such an offer can only be honoured by not compressing.
TEST(Extension, ServerMaxWindowBitsOf8) {
  expect_declined("permessage-deflate; server_max_window_bits=8");
  EXPECT_EQ(negotiate("permessage-deflate; server_max_window_bits=8, permessage-deflate").value,
            "permessage-deflate");
  const DeflateSettings receive{.compress = Mode::disabled, .decompress = Mode::shared};
  const ExtensionReply reply = negotiate("permessage-deflate; server_max_window_bits=8", receive);
  EXPECT_EQ(reply.value,
            "permessage-deflate; server_max_window_bits=8; client_no_context_takeover");
  EXPECT_EQ(reply.deflate.compress, Mode::disabled);
}

// Section 7.1.2.2: only a client that offers the parameter may be told a window.
TEST(Extension, ClientMaxWindowBits) {
  DeflateSettings small = kDedicated;
  small.decompress_window_bits = 12;
  EXPECT_EQ(negotiate("permessage-deflate; client_max_window_bits", small).value,
            "permessage-deflate; client_max_window_bits=12");
  EXPECT_EQ(negotiate("permessage-deflate; client_max_window_bits=10", small).value,
            "permessage-deflate; client_max_window_bits=10");
  EXPECT_EQ(negotiate("permessage-deflate; client_max_window_bits=14", small)
                .deflate.decompress_window_bits,
            12);
  // One that cannot limit its window would need more memory than wanted.
  const ExtensionReply reply = negotiate("permessage-deflate", small);
  EXPECT_EQ(reply.value, "permessage-deflate; client_no_context_takeover");
  EXPECT_EQ(reply.deflate.decompress, Mode::shared);
}

TEST(Extension, ClientMaxWindowBitsAtTheBorders) {
  EXPECT_EQ(negotiate("permessage-deflate; client_max_window_bits").value, "permessage-deflate");
  EXPECT_EQ(negotiate("permessage-deflate; client_max_window_bits=15").value, "permessage-deflate");
  const ExtensionReply reply = negotiate("permessage-deflate; client_max_window_bits=8");
  EXPECT_EQ(reply.value, "permessage-deflate; client_max_window_bits=8");
  EXPECT_EQ(reply.deflate.decompress_window_bits, 9) << "a larger window reads it as well";
}

// Section 7.1: an offer with a parameter that is unknown, repeated or has a wrong value is
// declined.
TEST(Extension, WrongParametersDeclineTheOffer) {
  for (const char* parameters : {"foo",
                                 "foo=1",
                                 "server_no_context_takeover=1",
                                 "client_no_context_takeover=true",
                                 "server_no_context_takeover; server_no_context_takeover",
                                 "client_no_context_takeover; client_no_context_takeover",
                                 "server_max_window_bits",
                                 "server_max_window_bits=7",
                                 "server_max_window_bits=16",
                                 "server_max_window_bits=08",
                                 "server_max_window_bits=1x",
                                 "server_max_window_bits=-9",
                                 "server_max_window_bits=99999999999",
                                 "server_max_window_bits=10; server_max_window_bits=10",
                                 "client_max_window_bits=7",
                                 "client_max_window_bits=16",
                                 "client_max_window_bits=015",
                                 "client_max_window_bits=x",
                                 "client_max_window_bits; client_max_window_bits=10",
                                 "client_max_window_bits; client_max_window_bits",
                                 "Server_No_Context_Takeover"}) {
    expect_declined("permessage-deflate; " + std::string(parameters));
    EXPECT_EQ(
        negotiate("permessage-deflate; " + std::string(parameters) + ", permessage-deflate").value,
        "permessage-deflate")
        << "the next offer counts";
  }
}

// Section 5.1: offers are listed by preference.
TEST(Extension, TakesTheFirstOfferThatItCanHonour) {
  const ExtensionReply reply = negotiate(
      "permessage-deflate; server_max_window_bits=10, permessage-deflate; "
      "server_max_window_bits=12");
  EXPECT_EQ(reply.deflate.compress_window_bits, 10);
  EXPECT_EQ(reply.value, "permessage-deflate; server_max_window_bits=10");
}

TEST(Extension, AllParameters) {
  const ExtensionReply reply = negotiate(
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
      "server_max_window_bits=10; client_max_window_bits=12");
  EXPECT_EQ(reply.value,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; "
            "client_no_context_takeover");
  EXPECT_EQ(reply.deflate, (DeflateAgreement{.enabled = true,
                                             .compress = Mode::shared,
                                             .compress_window_bits = 10,
                                             .decompress = Mode::shared,
                                             .decompress_window_bits = 15}));
}

// RFC 6455 section 9.1: a quoted value is the same as a token.
TEST(Extension, QuotedValues) {
  EXPECT_EQ(
      negotiate("permessage-deflate; server_max_window_bits=\"12\"").deflate.compress_window_bits,
      12);
  EXPECT_EQ(
      negotiate("permessage-deflate; server_max_window_bits=\"1\\2\"").deflate.compress_window_bits,
      12);
}

TEST(Extension, WhiteSpace) {
  EXPECT_EQ(negotiate(" \tpermessage-deflate\t ;  server_max_window_bits = 12 , foo ")
                .deflate.compress_window_bits,
            12);
  EXPECT_EQ(negotiate(",permessage-deflate,").value, "permessage-deflate");
}

// RFC 6455 section 9.1: a field that violates the grammar fails the handshake.
TEST(Extension, ViolationsOfTheGrammar) {
  for (const char* offers :
       {"permessage-deflate;", "permessage-deflate;;", ";", "=", "permessage-deflate; =",
        "permessage-deflate; a=", "permessage-deflate foo", "permessage-deflate; a b",
        "permessage-deflate; a=\"", "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"",
        "permessage-deflate; a=\"b c\"", "permessage-deflate; a=\"b\\", "a, \"b\"",
        "permessage-deflate; a=b=c", "foo; a=\"x\"y", "@", "permessage-deflate, ;"}) {
    EXPECT_FALSE(negotiate_extensions(offers, kDedicated)) << offers;
    EXPECT_FALSE(negotiate_extensions(offers, {})) << offers;
  }
}

TEST(Extension, OneDirectionOnly) {
  const DeflateSettings send{.compress = Mode::dedicated, .decompress = Mode::disabled};
  EXPECT_EQ(negotiate("permessage-deflate; client_max_window_bits", send).value,
            "permessage-deflate; client_no_context_takeover");
  const DeflateSettings receive{.compress = Mode::disabled, .decompress = Mode::dedicated};
  const ExtensionReply reply = negotiate(
      "permessage-deflate; server_no_context_takeover; server_max_window_bits=9", receive);
  EXPECT_EQ(reply.value,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9");
  EXPECT_EQ(reply.deflate.compress, Mode::disabled);
  EXPECT_EQ(reply.deflate.decompress, Mode::dedicated);
}

}  // namespace
}  // namespace bao::websocket
