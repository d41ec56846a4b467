#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bao::http {

/// Methods that the engine itself tells apart. Every other token is `other` and reaches the
/// handlers as text.
enum class Method : uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch,
  other
};

/// The method that a token names (methods are case-sensitive, RFC 9110 section 9.1).
Method method_from(std::string_view token);

/// Fields that decide about framing, routing or the connection, recognised while a head is parsed.
enum class FieldId : uint8_t {
  other,
  host,
  connection,
  content_length,
  transfer_encoding,
  expect,
  upgrade,
};

/// A piece of a head, as offsets from its first byte, so that a head stays valid when its bytes
/// move.
struct Span {
  uint32_t offset = 0;
  uint32_t length = 0;
};

/// One field line.
struct FieldSpan {
  Span name;
  Span value;  // without the white space around it
  FieldId id = FieldId::other;
};

/// The head of a request: request line and fields, as views into the bytes that they were parsed
/// from.
///
/// Filled by a codec, read by everybody else. The bytes belong to the codec's read buffer until
/// `own` copies them into the head itself; views that were taken before `own` are no longer good
/// after it. An object is used for many requests in turn: `clear` keeps its memory, up to a bound.
class RequestHead {
 public:
  RequestHead() = default;
  RequestHead(const RequestHead&) = delete;
  RequestHead& operator=(const RequestHead&) = delete;

  // -- What the peer sent

  std::string_view method() const { return text(method_span); }
  /// The request target as sent (RFC 9112 section 3.2).
  std::string_view target() const { return text(target_span); }
  /// The target's path, still percent-encoded; `*` for `OPTIONS *`. Never empty.
  std::string_view path() const { return path_is_root ? std::string_view("/") : text(path_span); }
  /// The target's query without its `?`, still encoded.
  std::string_view query() const { return text(query_span); }
  /// Host and port that the request is for: of an absolute target, else of the Host field; may be
  /// empty.
  std::string_view authority() const { return text(authority_span); }

  size_t field_count() const { return fields.size(); }
  std::string_view field_name(size_t index) const { return text(fields[index].name); }
  std::string_view field_value(size_t index) const { return text(fields[index].value); }
  /// The value of the first field of that name (compared without regard to case).
  std::optional<std::string_view> field(std::string_view name) const;

  /// Everything, from the first byte of the request line to the empty line, as it was sent.
  std::string_view bytes() const { return {base_, size_}; }

  // -- Life of the bytes

  /// Reads from `bytes` from now on, which the caller keeps alive.
  void borrow(std::string_view bytes) {
    base_ = bytes.data();
    size_ = static_cast<uint32_t>(bytes.size());
  }
  /// Copies the bytes into the head, once, so that it outlives the read buffer.
  void own();
  bool owned() const { return base_ == storage_.data(); }
  /// The head's own storage, for a codec that gathers a head piece by piece.
  std::string& storage() { return storage_; }
  /// Forgets everything. Memory above a few kilobytes is given back.
  void clear();

  std::string_view text(Span span) const { return {base_ + span.offset, span.length}; }
  /// The span of the bytes in [from, to), which are this head's.
  Span span(const char* from, const char* to) const {
    return {static_cast<uint32_t>(from - base_), static_cast<uint32_t>(to - from)};
  }

  // -- Filled by the codec

  Span method_span, target_span, path_span, query_span, authority_span;
  std::vector<FieldSpan> fields;
  uint64_t content_length = 0;  ///< of the body, if `chunked` is false
  Method method_id = Method::other;
  uint8_t minor_version = 1;  ///< 0 for HTTP/1.0, else 1
  bool path_is_root = false;  ///< the target named no path, which means "/"
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

 private:
  const char* base_ = nullptr;
  uint32_t size_ = 0;
  std::string storage_;
};

}  // namespace bao::http
