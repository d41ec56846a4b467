#include "server/compression.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "content_coding/encoder.h"
#include "http/compressible.h"
#include "http/status.h"
#include "http/tokens.h"
#include "http/validators.h"
#include "server/coded_reply.h"
#include "server/local_request.h"
#include "server/vary.h"

namespace bao::server {

namespace {

// With one of these the content is sent as it is: it has a coding, is a part of something, or its
// bytes are named by a hash (RFC 9530). Whose Content-Encoding is `identity` wants none.
constexpr std::array<std::string_view, 6> kKeepsContent{
    "content-encoding", "content-range", "content-digest", "repr-digest", "digest", "content-md5"};

bool keeps_content(const Fields& fields) {
  for (const Fields::Field field : fields) {
    for (const std::string_view name : kKeepsContent) {
      if (http::equals_ignoring_case(field.name, name)) return true;
    }
    // RFC 9111 section 5.2.2.6
    if (http::equals_ignoring_case(field.name, "cache-control") &&
        http::list_contains_token(field.value, "no-transform")) {
      return true;
    }
  }
  return false;
}

std::string_view type_of(const Fields* fields, std::string_view content_type) {
  if (fields == nullptr || !fields->knows(Fields::kContentType)) return content_type;
  return fields->get("Content-Type").value_or("");
}

// A program that answers HEAD by itself tells the length of content that it does not give.
std::optional<uint64_t> declared_length(const http::Reply& reply, bool head_request) {
  if (!head_request || !reply.body.empty() || reply.file != nullptr || reply.streamed ||
      reply.fields == nullptr || !reply.fields->knows(Fields::kContentLength)) {
    return std::nullopt;
  }
  const std::string_view text = reply.fields->get("Content-Length").value_or("");
  uint64_t length = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), length);
  return result.ec == std::errc() ? std::optional(length) : std::nullopt;
}

std::optional<uint64_t> size_of(const http::Reply& reply) {
  if (reply.file != nullptr) return reply.file->length;
  return reply.streamed ? reply.length : reply.body.size();
}

// RFC 9110 section 13.1.2; only of what we have given another tag than the program.
bool is_known(const http::RequestHead& head, const http::Reply& reply, const Fields& fields) {
  if (reply.status != 200 || reply.streamed ||
      (head.method_id != http::Method::get && head.method_id != http::Method::head)) {
    return false;
  }
  const auto etag = fields.get("ETag");
  if (!etag) return false;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (http::equals_ignoring_case(head.field_name(i), "if-none-match") &&
        http::if_none_match(head.field_value(i), *etag)) {
      return true;
    }
  }
  return false;
}

// A part is of the content as it is. Where that might have had a coding the part says so.
Compression::Choice choose_for_part(const http::Reply& reply) {
  return {reply.file != nullptr && reply.fields != nullptr &&
          !reply.fields->has("Content-Encoding") &&
          http::is_compressible(type_of(reply.fields, reply.content_type))};
}

Fields fields_with(http::Coding coding, const http::Reply& reply) {
  Fields fields = reply.fields != nullptr ? *reply.fields : Fields();
  fields.set("Content-Encoding", http::coding_name(coding));
  fields.remove("Content-Length");
  fields.remove("Accept-Ranges");
  weaken_etag(fields);
  vary_by_encoding(fields);
  return fields;
}

void send_varied(http::Exchange& exchange, http::Stream& stream, const http::Reply& reply) {
  Fields fields = reply.fields != nullptr ? *reply.fields : Fields();
  vary_by_encoding(fields);
  http::Reply varied = reply;
  varied.fields = &fields;
  stream.send_reply(exchange, varied);
}

// False if it would not become smaller; then nothing was sent.
bool send_whole(http::Exchange& exchange, http::Stream& stream, http::Coding coding,
                const http::Reply& reply, const Fields& fields) {
  std::optional<std::string> read;
  std::string_view content = reply.body;
  if (reply.file != nullptr) {
    read = read_content(*reply.file);
    if (!read) return false;
    content = *read;
  }
  std::string encoded = content_coding::encode(coding, content_coding::Effort::each_time, content);
  if (encoded.size() >= content.size()) return false;
  http::Reply coded = reply;
  coded.fields = &fields;
  coded.body = encoded;
  coded.body_text = &encoded;
  coded.body_shared = nullptr;
  coded.file = nullptr;
  stream.send_reply(exchange, coded);
  return true;
}

}  // namespace

void weaken_etag(Fields& fields) {
  const auto etag = fields.get("ETag");
  if (etag && !etag->starts_with("W/")) fields.set("ETag", "W/" + std::string(*etag));
}

Compression::Compression(const CompressionSettings& settings) : min_size_(settings.min_size) {
  for (const std::string& name : settings.codings) codings_.push_back(*http::coding_from(name));
}

bool Compression::negotiable(int status, const Fields* fields, std::string_view content_type,
                             std::optional<uint64_t> size) const {
  return status != 206 && http::reply_has_content(status, false) &&
         (!size || (*size > 0 && *size >= min_size_)) &&
         http::is_compressible(type_of(fields, content_type)) &&
         (fields == nullptr || !keeps_content(*fields));
}

Compression::Choice Compression::choose(const http::RequestHead& head, int status,
                                        const Fields* fields, std::string_view content_type,
                                        std::optional<uint64_t> size) const {
  if (!negotiable(status, fields, content_type, size)) return {};
  return {true, http::AcceptEncoding(head).choose(codings_)};
}

void Compression::describe(const Choice& choice, Fields& fields) {
  if (!choice.negotiable) return;
  vary_by_encoding(fields);
  if (choice.coding != http::Coding::identity) weaken_etag(fields);
}

void Compression::send_reply(http::Exchange& exchange, http::Stream& stream,
                             const http::Reply& reply) {
  const bool head_request = exchange.head.method_id == http::Method::head;
  if (reply.negotiated) {
    return stream.send_reply(exchange, reply);
  }
  const auto declared = declared_length(reply, head_request);
  const Choice choice = reply.status == 206
                            ? choose_for_part(reply)
                            : choose(exchange.head, reply.status, reply.fields, reply.content_type,
                                     declared ? declared : size_of(reply));
  if (!choice.negotiable) return stream.send_reply(exchange, reply);
  if (choice.coding == http::Coding::identity) return send_varied(exchange, stream, reply);
  Fields fields = fields_with(choice.coding, reply);
  if (is_known(exchange.head, reply, fields)) {
    fields.remove("Content-Encoding");
    fields.remove("Content-Type");
    return stream.send_reply(exchange, {.status = 304, .fields = &fields});
  }
  if (reply.streamed || declared || *size_of(reply) > kWhole) {
    return send_coded(exchange, stream, choice.coding, reply, fields);
  }
  if (!send_whole(exchange, stream, choice.coding, reply, fields)) {
    send_varied(exchange, stream, reply);
  }
}

// Of streams that are sent as they are.
bool Compression::send_content(http::Exchange& exchange, http::Stream& stream,
                               std::string_view piece) {
  return stream.send_content(exchange, piece);
}

void Compression::end_content(http::Exchange& exchange, http::Stream& stream,
                              const Fields* trailers) {
  stream.end_content(exchange, trailers);
}

}  // namespace bao::server
