// Feeds arbitrary bytes to the parser of Range fields. The first eight bytes are the size of the
// representation.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "http/range.h"

namespace bao::http {
namespace {

using Kind = RangeAnswer::Kind;

void require(bool condition) {
  if (!condition) std::abort();
}

void fuzz_range(std::string_view value, uint64_t size) {
  const RangeAnswer answer = answer_range(value, size);
  if (answer.kind != Kind::part) {
    require(answer.first == 0 && answer.length == 0);
    // Nothing that is asked of a representation depends on its size but for its end: what is
    // malformed is so for all of them.
    const Kind other = answer_range(value, UINT64_MAX).kind;
    if (answer.kind == Kind::unsatisfiable) require(size < UINT64_MAX || other == answer.kind);
    if (answer.kind == Kind::whole && size > 0) require(other == Kind::whole);
    return;
  }
  require(answer.length > 0 && answer.first < size && answer.length <= size - answer.first);

  // The same part asked for in other words is the same part.
  const auto same = [&](const std::string& words) {
    const RangeAnswer again = answer_range(words, size);
    require(again.kind == Kind::part && again.first == answer.first &&
            again.length == answer.length);
  };
  const std::string first = std::to_string(answer.first);
  same("bytes=" + first + "-" + std::to_string(answer.first + answer.length - 1));
  same(" Bytes=,000" + first + "-" + std::to_string(answer.first + answer.length - 1) + " ,\t");
  if (answer.first + answer.length == size) {
    same("bytes=" + first + "-");
    same("bytes=" + first + "-99999999999999999999999999");
    same("bytes=-" + std::to_string(answer.length));
  }
  require(answer_range(std::string(value) + ",0-0", size).kind == Kind::whole);
  require(content_range(answer.first, answer.length, size).starts_with("bytes " + first + "-"));
}

}  // namespace
}  // namespace bao::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t length = 0;
  if (size < sizeof length) return 0;
  std::memcpy(&length, data, sizeof length);
  bao::http::fuzz_range({reinterpret_cast<const char*>(data) + sizeof length, size - sizeof length},
                        length);
  return 0;
}
