// Reads arbitrary bytes as a stream of requests twice: with Bao's parser, rules and body decoder,
// and with llhttp, Node's parser, in its strict mode. Requests that both take must be the same in
// method, target, fields and body, so that no two servers disagree about where one ends. Where only
// one of them takes a request, the reason must be one that is written down here.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <llhttp/llhttp.h>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/tokens.h"
#include "http1/body_decoder.h"
#include "http1/request_parser.h"
#include "http1/request_rules.h"

namespace bao::http1 {
namespace {

struct Message {
  std::string method, target, version, body;
  std::vector<std::pair<std::string, std::string>> fields;
  bool keep_alive = true;
  bool has_trailers = false;
  bool tab_behind_length = false;
};

struct Reading {
  std::vector<Message> messages;
  std::string refusal;  // empty: everything was taken, or more must come
};

// ---- Bao

// Refusals of what llhttp lets pass, or may: all others it must share.
constexpr std::array<std::string_view, 32> kStricter = {
    // It takes LF for CRLF and skips single CRs in front of a request line.
    "a line ends in LF without CR",
    "CR without LF",
    // It takes several spaces, fragments, HTTP/0.9, RTSP and ICE.
    "the request target is not a URI followed by one space and the version",
    "the version is not of the form HTTP/1.1",
    "this server speaks HTTP/1.0 and HTTP/1.1",
    // It joins folded lines and takes empty names.
    "a header field is folded over two lines",
    "a header field has no name that is a token and a colon",
    // It has no limits and does not look at Host, Expect and the form of a target.
    "the request line is too long",
    "the header fields are too large",
    "too many header fields",
    "two Host fields",
    "the Host field is missing",
    "the Host field is not a host and port",
    "100-continue is the only expectation that this server knows",
    "the request target is neither a path nor an http URL",
    "only OPTIONS may have the target *",
    "CONNECT needs a host and a port",
    "this server is no proxy",
    "TRACE with a body",
    // It takes codings in front of chunked, empty elements, and chunked in HTTP/1.0.
    "two Transfer-Encoding fields",
    "Transfer-Encoding is malformed",
    "Transfer-Encoding is not exactly chunked",
    "chunked is the only transfer coding that this server knows",
    "Transfer-Encoding in an HTTP/1.0 request",
    // It takes any number of leading zeros and spaces behind a size, and has no limit on
    // extensions.
    "a chunk size has too many digits",
    "a chunk size is not hexadecimal",
    "a chunk extension is malformed",
    "a chunk extension is too long",
    "the chunk extensions are larger than the body",
    // Trailers are fields too.
    "a trailer field is malformed",
    "the trailer fields are too large",
    "too many trailer fields",
};

// Whether the last line before the empty one is a field and not the size of the last chunk.
bool ends_with_trailers(std::string_view body) {
  body.remove_suffix(4);
  const std::string_view line = body.substr(body.rfind('\n') + 1);
  const size_t zeros = line.find_first_not_of('0');
  return zeros != line.npos &&
         (zeros == 0 || (line[zeros] != ';' && line[zeros] != ' ' && line[zeros] != '\t'));
}

// Reads the body at the front of `input`. False if it is not whole.
bool read_body(const http::RequestHead& head, std::string_view& input, Message& message,
               Reading& reading) {
  BodyDecoder decoder =
      head.chunked ? BodyDecoder::chunked() : BodyDecoder::with_length(head.content_length);
  const std::string_view before = input;
  std::string_view piece;
  BodyDecoder::Status status;
  while ((status = decoder.decode(input, piece)) == BodyDecoder::Status::content) {
    message.body += piece;
  }
  if (status == BodyDecoder::Status::refused) reading.refusal = decoder.refusal().reason;
  if (status != BodyDecoder::Status::done) return false;
  message.has_trailers =
      head.chunked && ends_with_trailers(before.substr(0, before.size() - input.size()));
  return true;
}

// Whether white space with a tab follows a field's value.
bool has_tab_behind(std::string_view head, http::Span value) {
  const size_t end = value.offset + value.length;
  return head.substr(end, head.find('\r', end) - end).find('\t') != head.npos;
}

Reading read_with_bao(std::string_view input) {
  Reading reading;
  while (!input.empty()) {
    RequestParser parser;
    http::RequestHead head;
    switch (parser.parse(input, {}, head)) {
      case ParseStatus::incomplete: return reading;
      case ParseStatus::refused: reading.refusal = parser.refusal().reason; return reading;
      case ParseStatus::complete: break;
    }
    if (Refusal refusal = apply_request_rules(head)) {
      reading.refusal = refusal.reason;
      return reading;
    }
    Message message;
    message.method = head.method();
    message.target = head.target();
    const std::string_view line =
        head.bytes().substr(head.target_span.offset + head.target_span.length + 1);
    message.version = line.substr(0, line.find('\r'));
    for (size_t i = 0; i < head.field_count(); ++i) {
      message.fields.emplace_back(head.field_name(i), head.field_value(i));
      message.tab_behind_length |= head.fields[i].id == http::FieldId::content_length &&
                                   has_tab_behind(head.bytes(), head.fields[i].value);
    }
    message.keep_alive = head.keep_alive;
    input.remove_prefix(parser.head_size());
    if (!read_body(head, input, message, reading)) return reading;
    reading.messages.push_back(std::move(message));
    if (!reading.messages.back().keep_alive) return reading;
  }
  return reading;
}

// ---- llhttp

struct Llhttp {
  llhttp_t parser;
  llhttp_settings_t settings;
  Reading reading;
  Message message;
  std::string name, value;
  bool in_head = true;
};

Llhttp& self(llhttp_t* parser) {
  return *static_cast<Llhttp*>(parser->data);
}

int on_message_begin(llhttp_t* parser) {
  self(parser).message = Message();
  self(parser).in_head = true;
  return 0;
}
int on_method(llhttp_t* parser, const char* at, size_t length) {
  self(parser).message.method.append(at, length);
  return 0;
}
int on_url(llhttp_t* parser, const char* at, size_t length) {
  self(parser).message.target.append(at, length);
  return 0;
}
int on_name(llhttp_t* parser, const char* at, size_t length) {
  self(parser).name.append(at, length);
  return 0;
}
int on_value(llhttp_t* parser, const char* at, size_t length) {
  self(parser).value.append(at, length);
  return 0;
}
int on_value_complete(llhttp_t* parser) {
  Llhttp& here = self(parser);
  const std::string name = std::exchange(here.name, {});
  const std::string value = std::exchange(here.value, {});
  if (here.in_head) here.message.fields.emplace_back(name, http::trim_whitespace(value));
  return 0;
}
int on_headers_complete(llhttp_t* parser) {
  self(parser).in_head = false;
  return 0;
}
int on_body(llhttp_t* parser, const char* at, size_t length) {
  self(parser).message.body.append(at, length);
  return 0;
}
int on_message_complete(llhttp_t* parser) {
  Llhttp& here = self(parser);
  here.message.keep_alive = llhttp_should_keep_alive(parser) != 0;
  here.reading.messages.push_back(here.message);
  return 0;
}

Reading read_with_llhttp(std::string_view input) {
  Llhttp here;
  llhttp_settings_init(&here.settings);
  here.settings.on_message_begin = on_message_begin;
  here.settings.on_method = on_method;
  here.settings.on_url = on_url;
  here.settings.on_header_field = on_name;
  here.settings.on_header_value = on_value;
  here.settings.on_header_value_complete = on_value_complete;
  here.settings.on_headers_complete = on_headers_complete;
  here.settings.on_body = on_body;
  here.settings.on_message_complete = on_message_complete;
  llhttp_init(&here.parser, HTTP_REQUEST, &here.settings);
  here.parser.data = &here;
  llhttp_errno_t error = llhttp_execute(&here.parser, input.data(), input.size());
  while (error == HPE_PAUSED_UPGRADE) {
    // An upgrade is an offer that a server need not take: what follows is the next request.
    const char* from = llhttp_get_error_pos(&here.parser);
    llhttp_resume_after_upgrade(&here.parser);
    const char* end = input.data() + input.size();
    error = llhttp_execute(&here.parser, from, static_cast<size_t>(end - from));
  }
  if (error != HPE_OK) here.reading.refusal = llhttp_errno_name(error);
  return std::move(here.reading);
}

// ---- The comparison

bool has_field(const Message& message, std::string_view name, std::string_view bytes) {
  return std::any_of(message.fields.begin(), message.fields.end(), [&](const auto& field) {
    return http::equals_ignoring_case(field.first, name) &&
           field.second.find_first_of(bytes) != std::string::npos;
  });
}

size_t count_fields(const Message& message, std::string_view name) {
  return static_cast<size_t>(std::count_if(
      message.fields.begin(), message.fields.end(),
      [&](const auto& field) { return http::equals_ignoring_case(field.first, name); }));
}

// Methods that llhttp takes in an HTTP request; all others it refuses, whereas Bao passes them on.
bool llhttp_knows(std::string_view method) {
  static constexpr std::string_view kMethods[] = {
      "DELETE",     "GET",      "HEAD",       "POST",     "PUT",    "CONNECT",   "OPTIONS",
      "TRACE",      "COPY",     "LOCK",       "MKCOL",    "MOVE",   "PROPFIND",  "PROPPATCH",
      "SEARCH",     "UNLOCK",   "BIND",       "REBIND",   "UNBIND", "ACL",       "REPORT",
      "MKACTIVITY", "CHECKOUT", "MERGE",      "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE",
      "PATCH",      "PURGE",    "MKCALENDAR", "LINK",     "UNLINK"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

// Whether llhttp may refuse a request that Bao takes.
bool llhttp_is_stricter(const Message& message, std::string_view error) {
  if (!llhttp_knows(message.method)) return true;
  // It knows no minor version above 1.
  if (error == "HPE_INVALID_VERSION")
    return message.version != "HTTP/1.0" && message.version != "HTTP/1.1";
  // It takes no repeated or listed length, and no tab behind one.
  if (error == "HPE_UNEXPECTED_CONTENT_LENGTH" || error == "HPE_INVALID_CONTENT_LENGTH") {
    return count_fields(message, "Content-Length") > 1 ||
           has_field(message, "Content-Length", ",") || message.tab_behind_length ||
           message.has_trailers;
  }
  // It reads the fields of trailers as if they were of the head.
  if (error == "HPE_INVALID_TRANSFER_ENCODING") return message.has_trailers;
  // It knows fewer extensions: no empty names, no escapes, no white space.
  if (error == "HPE_INVALID_CHUNK_SIZE" || error == "HPE_STRICT") return true;
  // It looks at the host of a target in its own way.
  if (error == "HPE_INVALID_URL") return message.target[0] != '/';
  return false;
}

[[noreturn]] void fail(const char* what, const Reading& bao, const Reading& llhttp) {
  std::fprintf(
      stderr, "%s\nBao: %zu messages, refusal \"%s\"\nllhttp: %zu messages, error \"%s\"\n", what,
      bao.messages.size(), bao.refusal.c_str(), llhttp.messages.size(), llhttp.refusal.c_str());
  std::abort();
}

void compare(const Reading& bao, const Reading& llhttp) {
  const size_t both = std::min(bao.messages.size(), llhttp.messages.size());
  for (size_t i = 0; i < both; ++i) {
    const Message& a = bao.messages[i];
    const Message& b = llhttp.messages[i];
    if (a.method != b.method) fail("the methods differ", bao, llhttp);
    if (a.target != b.target) fail("the targets differ", bao, llhttp);
    if (a.fields != b.fields) fail("the fields differ", bao, llhttp);
    if (a.body != b.body) fail("the bodies differ", bao, llhttp);
    // llhttp splits Connection at commas inside quotes, knows no tabs in it, and reads
    // Proxy-Connection and trailers as well. Whoever sees the end has no more to compare.
    const bool unclear = a.has_trailers || count_fields(a, "Proxy-Connection") > 0 ||
                         has_field(a, "Connection", "\t\"");
    if (a.keep_alive != b.keep_alive && !unclear) fail("only one of them goes on", bao, llhttp);
    if (!a.keep_alive || !b.keep_alive) return;
  }
  if (bao.messages.size() > both) {
    if (llhttp.refusal.empty()) fail("llhttp waits for more", bao, llhttp);
    if (!llhttp_is_stricter(bao.messages[both], llhttp.refusal))
      fail("only Bao takes it", bao, llhttp);
  } else if (llhttp.messages.size() > both) {
    if (bao.refusal.empty()) fail("Bao waits for more", bao, llhttp);
    if (std::find(kStricter.begin(), kStricter.end(), bao.refusal) == kStricter.end()) {
      fail("only llhttp takes it", bao, llhttp);
    }
  }
}

}  // namespace
}  // namespace bao::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  // A copy, so that reading behind the end is seen.
  const std::string text(reinterpret_cast<const char*>(data), size);
  bao::http1::compare(bao::http1::read_with_bao(text), bao::http1::read_with_llhttp(text));
  return 0;
}
