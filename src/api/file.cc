#include <algorithm>

#include <bao/file.h>

#include "http/media_types.h"

namespace bao {

namespace {
// The position `offset` behind `begin`, or the last one that there is.
std::uint64_t behind(std::uint64_t begin, std::uint64_t offset) {
  return offset > UINT64_MAX - begin ? UINT64_MAX : begin + offset;
}
}  // namespace

File File::slice(std::uint64_t begin, std::uint64_t end) const {
  File part(path_);
  part.end_ = std::min(end_, behind(begin_, end));
  part.begin_ = std::min(behind(begin_, begin), part.end_);
  return part;
}

std::string_view File::type() const {
  return http::media_type_of(path_);
}

}  // namespace bao
