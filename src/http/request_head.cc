#include "http/request_head.h"

#include "http/tokens.h"

namespace bao::http {

namespace {
// What a cleared head keeps for the next request. Heads of ordinary requests fit; a client that
// once sent a huge one does not leave its size behind.
constexpr size_t kKeptStorage = 4096;
constexpr size_t kKeptFields = 256;
}  // namespace

Method method_from(std::string_view token) {
  switch (token.size()) {
    case 3:
      if (token == "GET") return Method::get;
      if (token == "PUT") return Method::put;
      break;
    case 4:
      if (token == "POST") return Method::post;
      if (token == "HEAD") return Method::head;
      break;
    case 5:
      if (token == "PATCH") return Method::patch;
      if (token == "TRACE") return Method::trace;
      break;
    case 6:
      if (token == "DELETE") return Method::delete_;
      break;
    case 7:
      if (token == "OPTIONS") return Method::options;
      if (token == "CONNECT") return Method::connect;
      break;
    default: break;
  }
  return Method::other;
}

std::optional<std::string_view> RequestHead::field(std::string_view name) const {
  for (const FieldSpan& field : fields) {
    if (field.name.length == name.size() && equals_ignoring_case(text(field.name), name)) {
      return text(field.value);
    }
  }
  return std::nullopt;
}

void RequestHead::own() {
  if (owned()) return;
  storage_.assign(base_, size_);
  base_ = storage_.data();
}

void RequestHead::clear() {
  base_ = nullptr;
  size_ = 0;
  // Assigning an empty string would keep the block.
  if (storage_.capacity() > kKeptStorage) std::string().swap(storage_);
  storage_.clear();
  method_span = target_span = path_span = query_span = authority_span = Span{};
  if (fields.capacity() > kKeptFields) fields = std::vector<FieldSpan>();
  fields.clear();
  content_length = 0;
  method_id = Method::other;
  minor_version = 1;
  path_is_root = chunked = expects_continue = false;
  keep_alive = true;
}

}  // namespace bao::http
