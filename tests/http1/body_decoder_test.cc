#include "http1/body_decoder.h"

#include <gtest/gtest.h>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/tokens.h"
#include "http1/cuts.h"
#include "http1/guarded_page.h"

namespace bao::http1 {
namespace {

using testing::Cuts;
using Status = BodyDecoder::Status;

struct Decoded {
  Status status = Status::more;
  std::string content;
  size_t consumed = 0;  // of the input, when it was done
  int refused = 0;
  bool operator==(const Decoded&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << "status " << static_cast<int>(decoded.status) << ", content \"" << decoded.content
             << "\", consumed " << decoded.consumed << ", refused " << decoded.refused;
}

Decoded decode(BodyDecoder decoder, std::string_view text, const Cuts& cuts) {
  testing::GuardedPage page(text.size());
  Decoded decoded;
  size_t start = 0;
  for (size_t end : cuts) {
    const std::string_view placed = page.place(text.substr(start, end - start));
    std::string_view input = placed;
    std::string_view content;
    do {
      decoded.status = decoder.decode(input, content);
      if (decoded.status == Status::content) {
        EXPECT_FALSE(content.empty());
        EXPECT_TRUE(content.data() >= placed.data() &&
                    content.data() + content.size() <= placed.data() + placed.size());
        decoded.content += content;
      }
    } while (decoded.status == Status::content);
    decoded.consumed = start + (placed.size() - input.size());
    if (decoded.status != Status::more) break;
    EXPECT_TRUE(input.empty());
    start = end;
  }
  decoded.refused = decoder.refusal().status;
  EXPECT_EQ(decoded.refused != 0, decoded.status == Status::refused);
  EXPECT_EQ(decoder.done(), decoded.status == Status::done);
  // A refusal stays one, and so does an end.
  std::string_view more = "0\r\n\r\n";
  std::string_view content;
  if (decoded.status != Status::more) {
    EXPECT_EQ(decoder.decode(more, content), decoded.status);
  }
  return decoded;
}

Decoded decode_all_ways(const BodyDecoder& decoder, std::string_view text) {
  const Decoded expected = decode(decoder, text, testing::whole(text.size()));
  for (const Cuts& cuts : testing::all_ways(text.size())) {
    Decoded decoded = decode(decoder, text, cuts);
    // Where exactly a refusal happens is the same too.
    EXPECT_EQ(decoded, expected) << text;
  }
  return expected;
}

Decoded chunked(std::string_view text) {
  return decode_all_ways(BodyDecoder::chunked(), text);
}

void expect_content(std::string_view text, std::string_view content) {
  const Decoded decoded = chunked(text);
  EXPECT_EQ(decoded.status, Status::done) << text;
  EXPECT_EQ(decoded.content, content) << text;
  EXPECT_EQ(decoded.consumed, text.size()) << text;
  // What follows belongs to the next request.
  EXPECT_EQ(chunked(std::string(text) + "\r\nGET").consumed, text.size());
}

void expect_refused(std::string_view text) {
  const Decoded decoded = chunked(text);
  EXPECT_EQ(decoded.status, Status::refused) << text << " " << decoded;
  EXPECT_EQ(decoded.refused, 400) << text;
}

// ---- RFC 9112 section 6.2: Content-Length

TEST(BodyDecoderTest, ALengthOfZeroIsDoneAtOnce) {
  EXPECT_TRUE(BodyDecoder::with_length(0).done());
  EXPECT_TRUE(BodyDecoder().done());
  EXPECT_EQ(decode_all_ways(BodyDecoder::with_length(0), "GET").consumed, 0u);
}

TEST(BodyDecoderTest, ALengthEndsTheBodyWhereItSays) {
  using namespace std::string_view_literals;
  const Decoded decoded = decode_all_ways(BodyDecoder::with_length(5), "a\r\n\0bGET"sv);
  EXPECT_EQ(decoded.status, Status::done);
  EXPECT_EQ(decoded.consumed, 5u);
  EXPECT_EQ(decoded.content, "a\r\n\0b"sv);
}

TEST(BodyDecoderTest, RemainingCountsDown) {
  BodyDecoder decoder = BodyDecoder::with_length(10);
  EXPECT_EQ(decoder.remaining(), 10u);
  EXPECT_FALSE(decoder.is_chunked());
  std::string_view input = "1234";
  std::string_view content;
  EXPECT_EQ(decoder.decode(input, content), Status::content);
  EXPECT_EQ(decoder.remaining(), 6u);
  EXPECT_EQ(decoder.decode(input, content), Status::more);
  input = "567890x";
  EXPECT_EQ(decoder.decode(input, content), Status::content);
  EXPECT_EQ(content, "567890");
  EXPECT_EQ(decoder.decode(input, content), Status::done);
  EXPECT_EQ(input, "x");
}

TEST(BodyDecoderTest, LengthsOf64BitsWork) {
  BodyDecoder decoder = BodyDecoder::with_length(UINT64_MAX);
  std::string_view input = "1234";
  std::string_view content;
  EXPECT_EQ(decoder.decode(input, content), Status::content);
  EXPECT_EQ(decoder.remaining(), UINT64_MAX - 4);
}

// ---- Section 7.1: chunks

TEST(BodyDecoderTest, ChunksAreJoined) {
  expect_content("0\r\n\r\n", "");
  expect_content("5\r\nhello\r\n0\r\n\r\n", "hello");
  expect_content("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world");
  expect_content("2\r\n\r\n\r\n0\r\n\r\n", "\r\n");
  expect_content("7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", "0\r\n\r\n0\r");
}

TEST(BodyDecoderTest, SizesAreHexadecimalInEitherCase) {
  expect_content("a\r\n0123456789\r\n0\r\n\r\n", "0123456789");
  expect_content("A\r\n0123456789\r\n0\r\n\r\n", "0123456789");
  expect_content("1f\r\n" + std::string(31, 'x') + "\r\n0\r\n\r\n", std::string(31, 'x'));
  expect_content("1F\r\n" + std::string(31, 'x') + "\r\n0\r\n\r\n", std::string(31, 'x'));
}

TEST(BodyDecoderTest, LeadingZerosAreZeros) {
  expect_content("005\r\nhello\r\n000\r\n\r\n", "hello");
  expect_content("000000000000005\r\nhello\r\n000000000000000\r\n\r\n", "hello");
}

TEST(BodyDecoderTest, EveryProperPrefixIsIncomplete) {
  const std::string text = "5;a=\"b\\\"\"\r\nhello\r\n01\r\nx\r\n0;z\r\nA: b\r\nC:\r\n\r\n";
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(decode(BodyDecoder::chunked(), text.substr(0, size), {size}).status, Status::more)
        << size;
  }
  expect_content(text, "hellox");
}

// A recipient MUST anticipate potentially large hexadecimal numerals and prevent overflow.
TEST(BodyDecoderTest, SizesThatMightOverflowAreRefused) {
  BodyDecoder decoder = BodyDecoder::chunked();
  std::string_view input = "fffffffffffffff\r\nx";
  std::string_view content;
  EXPECT_EQ(decoder.decode(input, content), Status::content);
  EXPECT_EQ(decoder.remaining(), 0xffffffffffffffe);
  expect_refused("ffffffffffffffff\r\n");
  expect_refused("10000000000000005\r\nhello");
  expect_refused("0000000000000005\r\nhello");
  expect_refused("100000000000000000000000000000005\r\nhello");
}

TEST(BodyDecoderTest, SizesThatAreNotPlainHexadecimalAreRefused) {
  for (std::string_view size : {"", "-5", "+5", "0x5", "x", "g", "5g", "5 5", " 5", "\t5", "5.",
                                "5_0", "\"5\"", "'5", "5,", "5h", "\xd9\xa5", "5\x80"}) {
    expect_refused(std::string(size) + "\r\nhello\r\n0\r\n\r\n");
  }
}

TEST(BodyDecoderTest, SizeLinesEndInCrlf) {
  expect_refused("5\nhello\r\n0\r\n\r\n");
  expect_refused("5\rhello\r\n0\r\n\r\n");
  expect_refused("5\r\rhello\r\n0\r\n\r\n");
  expect_refused("5\r\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;\nhello\r\n0\r\n\r\n");
  expect_refused("0\n\r\n");
  expect_refused("\r\n5\r\nhello\r\n0\r\n\r\n");
}

// Whoever forwards a line with spaces behind the size may see another size: nothing between it and
// CRLF.
TEST(BodyDecoderTest, WhiteSpaceBehindTheSizeNeedsAnExtension) {
  expect_refused("5 \r\nhello\r\n0\r\n\r\n");
  expect_refused("5\t\r\nhello\r\n0\r\n\r\n");
  expect_content("5 ;a\r\nhello\r\n0 \t;b\r\n\r\n", "hello");
}

TEST(BodyDecoderTest, ChunksEndInCrlfExactlyWhereTheirSizeSays) {
  expect_refused("5\r\nhello\n0\r\n\r\n");
  expect_refused("5\r\nhello\r0\r\n\r\n");
  expect_refused("5\r\nhello0\r\n\r\n");
  expect_refused("5\r\nhelloo\r\n0\r\n\r\n");
  expect_refused("5\r\nhell\r\n0\r\n\r\n");
  expect_refused("5\r\nhello\r\r\n0\r\n\r\n");
  expect_refused("5\r\nhello\r\n\r\n0\r\n\r\n");
}

// ---- Section 7.1.1: extensions are ignored, but must leave no doubt about where the line ends

TEST(BodyDecoderTest, ExtensionsAreIgnored) {
  for (std::string_view extension :
       {";a", ";a=b", ";a=\"b\"", ";a=\"b;c\"", ";a=\"\\\"\"", ";a=\"\\\\\"", ";a;b;c=d", ";a = b",
        " ; a", "\t;\t a", ";a\t= b", ";a=b ;c", ";a=\"b\" ; c", ";a=\"\"", ";a=\"\t \x80\""}) {
    expect_content(
        "5" + std::string(extension) + "\r\nhello\r\n0" + std::string(extension) + "\r\n\r\n",
        "hello");
  }
}

// What the grammar does not know somebody else may read in another way.
TEST(BodyDecoderTest, MalformedExtensionsAreRefused) {
  for (std::string_view extension :
       {";",         "; ",        ";;",      ";a;",    ";;a",       ";=",           ";=b",
        ";a=",       ";a= ",      ";a=;b",   ";a==b",  ";a=b=c",    ";a b",         ";a=b c",
        ";a=\"b\"c", ";a=b\"c\"", ";a ",     ";a=b ",  ";a=\"b\" ", ";\"a\"",       ";a,b",
        ";a[0]=b",   ";\x80",     ";a=\x80", ";a=(b)", ";a='b';\\", ";a=\"b\"\"c\""}) {
    expect_refused("5" + std::string(extension) + "\r\nhello\r\n0\r\n\r\n");
    expect_refused("5\r\nhello\r\n0" + std::string(extension) + "\r\n\r\n");
  }
}

TEST(BodyDecoderTest, LineEndsInsideExtensionsAreRefused) {
  expect_refused("5;a\nhello\r\n0\r\n\r\n");
  expect_refused("5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;a=\"\\\r\n\"\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;a=\"b\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;a=\"b\\\"\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;a\rb\r\nhello\r\n0\r\n\r\n");
  expect_refused("5;\r\r\nhello\r\n0\r\n\r\n");
}

TEST(BodyDecoderTest, BytesOfExtensions) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == '"' || c == '\\') continue;
    for (std::string_view quote : {"", "\""}) {
      const bool good = quote.empty() ? http::is_token_char(static_cast<unsigned char>(c))
                                      : c == '\t' || (byte >= 0x20 && byte != 0x7f);
      const std::string text =
          "1;a=" + std::string(quote) + c + std::string(quote) + "\r\nx\r\n0\r\n\r\n";
      EXPECT_EQ(chunked(text).status, good ? Status::done : Status::refused) << byte;
    }
  }
}

TEST(BodyDecoderTest, AnExtensionMayBeAsLongAsItsLimit) {
  const ChunkLimits limits;
  auto with_extension = [](size_t bytes) {
    return "1;" + std::string(bytes - 1, 'a') + "\r\nx\r\n0\r\n\r\n";
  };
  // The limit counts what is between the size and the LF.
  EXPECT_EQ(chunked(with_extension(limits.max_extension_bytes - 1)).status, Status::done);
  EXPECT_EQ(chunked(with_extension(limits.max_extension_bytes)).status, Status::refused);
}

// Small chunks with large extensions make a server read far more than it counts as content.
TEST(BodyDecoderTest, AllExtensionsTogetherAreLimited) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "1;" + std::string(900, 'a') + "\r\nx\r\n";
  text += "0\r\n\r\n";
  EXPECT_EQ(decode(BodyDecoder::chunked(), text, {text.size()}).status, Status::refused);
  EXPECT_EQ(decode(BodyDecoder::chunked(), text, {5000, text.size()}).status, Status::refused);
}

// Some clients sign each chunk.
TEST(BodyDecoderTest, TheExtensionsOfAnHonestUploadAreFine) {
  std::string text, content;
  for (int i = 0; i < 500; ++i) {
    text +=
        "400;chunk-signature=" + std::string(64, 'f') + "\r\n" + std::string(1024, 'x') + "\r\n";
    content += std::string(1024, 'x');
  }
  const Decoded decoded = decode(BodyDecoder::chunked(), text + "0\r\n\r\n", {text.size() + 5});
  EXPECT_EQ(decoded.status, Status::done);
  EXPECT_EQ(decoded.content, content);
}

// ---- Section 7.1.2: trailer fields

TEST(BodyDecoderTest, TrailerFieldsAreNoContent) {
  expect_content("0\r\nA: b\r\n\r\n", "");
  expect_content("1\r\nx\r\n0\r\nA: b\r\nC:\r\nD:\t\xff \r\n\r\n", "x");
  // Framing in a trailer changes nothing (RFC 9110 section 6.5.1).
  expect_content("1\r\nx\r\n0\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n", "x");
}

TEST(BodyDecoderTest, TrailerFieldsAreThereAtTheEnd) {
  const std::string text = "1\r\nx\r\n0\r\nA: b\r\nC:\r\nD:\t\xff \r\nHost: x\r\n\r\n";
  for (const Cuts& cuts : testing::all_ways(text.size())) {
    BodyDecoder decoder = BodyDecoder::chunked();
    size_t start = 0;
    for (size_t end : cuts) {
      std::string_view input = std::string_view(text).substr(start, end - start);
      std::string_view content;
      while (decoder.decode(input, content) == Status::content) {
      }
      start = end;
    }
    const auto trailers = decoder.take_trailers();
    ASSERT_NE(trailers, nullptr);
    EXPECT_EQ(trailers->lines(), "A: b\r\nC: \r\nD: \xff\r\n");
    EXPECT_EQ(decoder.take_trailers(), nullptr);
  }
}

TEST(BodyDecoderTest, MalformedTrailersAreRefused) {
  for (std::string_view trailer :
       {"A\r\n", "A : b\r\n", ": b\r\n", " A: b\r\n", "A: b\r\n c\r\n", "A: b\n", "A: b\rC: d\r\n",
        "A\x80: b\r\n", "A: \x7f\r\n", "A: b\r\n\n", "A: b\r\n\rx", "\n", "\rx"}) {
    expect_refused("1\r\nx\r\n0\r\n" + std::string(trailer) + "\r\n");
  }
  expect_refused(std::string_view("0\r\nA: \0\r\n\r\n", 11));
}

TEST(BodyDecoderTest, TrailersMayBeAsLargeAsTheirLimits) {
  const HeadLimits limits{.max_bytes = 300, .max_fields = 20};
  auto decode_at_once = [&](const std::string& text) {
    const Decoded decoded = decode(BodyDecoder::chunked(limits), text, {text.size()});
    EXPECT_EQ(decoded.refused, decoded.status == Status::refused ? 431 : 0);
    return decoded.status;
  };
  // Everything behind the last chunk's size line counts.
  auto with_bytes = [](size_t bytes) {
    return "0\r\nA: " + std::string(bytes - 7, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(decode_at_once(with_bytes(limits.max_bytes)), Status::done);
  EXPECT_EQ(decode_at_once(with_bytes(limits.max_bytes + 1)), Status::refused);
  auto with_fields = [](uint32_t count) {
    std::string text = "0\r\n";
    for (uint32_t i = 0; i < count; ++i) text += "A:\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(decode_at_once(with_fields(limits.max_fields)), Status::done);
  EXPECT_EQ(decode_at_once(with_fields(limits.max_fields + 1)), Status::refused);
}

TEST(BodyDecoderTest, RandomBodiesComeBackWhole) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    std::string text, content;
    for (unsigned chunks = random() % 6; chunks > 0; --chunks) {
      std::string chunk(1 + random() % 300, '\0');
      for (char& c : chunk) c = static_cast<char>(random());
      char size[20];
      std::snprintf(size, sizeof size, random() % 2 ? "%zx" : "%03zX", chunk.size());
      text += size;
      if (random() % 3 == 0) text += ";x=\"\\\";\"";
      text += "\r\n" + chunk + "\r\n";
      content += chunk;
    }
    expect_content(text + "0\r\n\r\n", content);
  }
}

}  // namespace
}  // namespace bao::http1
