// Feeds arbitrary bytes to the decoder of bodies, whole and in pieces with little room. The first
// byte chooses the coding, the sizes and whether the rest is encoded before it is decoded.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "content_coding/decoder.h"
#include "content_coding/encoder.h"

namespace bao::content_coding {
namespace {

using http::BodyFilter;
using http::Coding;

// A bomb is stopped here, as it is by a limit.
constexpr size_t kMost = 1 << 20;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Result {
  std::string content;
  bool malformed = false;
  bool whole = false;
};

Result decode(Coding coding, std::string_view encoded, size_t piece, size_t room) {
  auto decoder = make_decoder(coding);
  Result result;
  do {
    decoder->put(encoded.substr(0, piece));
    encoded.remove_prefix(std::min(piece, encoded.size()));
    for (;;) {
      const size_t before = result.content.size();
      const auto status = decoder->decode(room, result.content);
      require(result.content.size() - before <= room);
      if (status == BodyFilter::Status::malformed) {
        result.malformed = true;
        return result;
      }
      if (result.content.size() > kMost) return result;
      if (status == BodyFilter::Status::more) break;
    }
  } while (!encoded.empty());
  result.whole = decoder->at_end();
  return result;
}

void fuzz_body_coding(uint8_t choice, std::string_view bytes) {
  const Coding coding = (choice & 1) != 0 ? Coding::gzip : Coding::deflate;
  const size_t piece = 1 + ((choice >> 1) & 7);
  const size_t room = 1 + ((choice >> 4) & 7) * 37;
  std::string encoded(bytes);
  if ((choice & 0x80) != 0) encoded = encode(Coding::gzip, Effort::each_time, bytes);
  const Result whole = decode(coding, encoded, SIZE_MAX, 64 * 1024);
  const Result split = decode(coding, encoded, piece, room);
  if (whole.content.size() > kMost || split.content.size() > kMost) return;
  require(whole.malformed == split.malformed && whole.whole == split.whole);
  if (!whole.malformed) require(whole.content == split.content);
  if ((choice & 0x81) == 0x81) require(whole.whole && whole.content == bytes);
}

}  // namespace
}  // namespace bao::content_coding

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  bao::content_coding::fuzz_body_coding(data[0],
                                        {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
