// Feeds arbitrary bytes to the parser of Accept-Encoding, as one line and as two.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/accept_encoding.h"
#include "http/tokens.h"

namespace bao::http {
namespace {

constexpr std::array<Coding, 3> kOffered{Coding::zstd, Coding::brotli, Coding::gzip};

void require(bool condition) {
  if (!condition) std::abort();
}

AcceptEncoding read(std::string_view value) {
  AcceptEncoding accepted;
  accepted.add(value);
  return accepted;
}

void require_same(const AcceptEncoding& a, const AcceptEncoding& b) {
  for (size_t i = 0; i < kCodings; ++i) {
    require(a.weight(static_cast<Coding>(i)) == b.weight(static_cast<Coding>(i)));
  }
  require(a.refuses_identity() == b.refuses_identity());
}

void fuzz_accept_encoding(std::string_view value) {
  const AcceptEncoding accepted = read(value);
  const Coding chosen = accepted.choose(kOffered);
  for (const Coding coding : kOffered) {
    require(accepted.weight(coding) >= 0 && accepted.weight(coding) <= 1000);
    if (chosen != Coding::identity) require(accepted.weight(coding) <= accepted.weight(chosen));
  }
  // What is sent was named, or meant by an asterisk, and not refused.
  if (chosen != Coding::identity) {
    require(accepted.weight(chosen) > 0);
    require(accepted.weight(chosen) >= accepted.weight(Coding::identity));
    require(value.find('*') != value.npos || value.size() >= coding_name(chosen).size());
  }
  require_same(read(std::string(value) + ", x-unknown;q=0.5"), accepted);
  // Refusing everything by name is heeded, whatever stands before.
  const AcceptEncoding refusing = read("gzip;q=0, br;q=0, zstd;q=0, " + std::string(value));
  require(refusing.choose(kOffered) == Coding::identity);
  // Lines that are whole lists may stand in one line or in several.
  if (value.find('"') == value.npos) {
    const size_t comma = value.find(',');
    if (comma == value.npos) return;
    AcceptEncoding lines;
    lines.add(value.substr(0, comma));
    lines.add(value.substr(comma + 1));
    require_same(lines, accepted);
  }
}

}  // namespace
}  // namespace bao::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bao::http::fuzz_accept_encoding({reinterpret_cast<const char*>(data), size});
  return 0;
}
