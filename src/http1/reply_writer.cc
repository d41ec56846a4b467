#include "http1/reply_writer.h"

#include <array>
#include <cstring>

#include "http/date.h"
#include "http/status.h"
#include "http/tokens.h"

namespace bao::http1 {

namespace {

constexpr std::string_view kCrlf = "\r\n";

void write_status_line(OutputBuffer& out, int status) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ");
  out.append_number(static_cast<uint64_t>(status));
  out.append(" ");
  out.append(http::reason_phrase(status));
  out.append(kCrlf);
}

// Whether the program's own Content-Length may stand: it then describes a representation that is
// not sent.
bool keeps_own_length(const http::Reply& reply, bool head_request) {
  if (reply.fields == nullptr || !reply.fields->knows(Fields::kContentLength) ||
      !reply.body.empty())
    return false;
  if (reply.status == 204 || reply.status == 205 || !(head_request || reply.status == 304))
    return false;
  const std::string_view length = reply.fields->get("content-length").value_or("");
  return !length.empty() && length.find_first_not_of("0123456789") == length.npos;
}

// The program's fields without those that decide about framing, which are ours to write.
void write_filtered_fields(OutputBuffer& out, const Fields& fields, bool keep_length) {
  for (Fields::Field field : fields) {
    if (http::equals_ignoring_case(field.name, "content-length")) {
      if (!keep_length) continue;
      keep_length = false;  // one is enough
    } else if (http::equals_ignoring_case(field.name, "transfer-encoding") ||
               http::equals_ignoring_case(field.name, "connection")) {
      continue;
    }
    out.append(field.name);
    out.append(": ");
    out.append(field.value);
    out.append(kCrlf);
  }
}

// Content-Length or Transfer-Encoding: never both, and neither where the message has no content by
// its status.
void write_length(OutputBuffer& out, const http::Reply& reply, const ReplyFraming& framing) {
  if (reply.status == 204 || (reply.status == 304 && reply.body.empty())) return;
  if (reply.streamed && !reply.length && reply.status != 205) {
    // A HEAD is told of the coding that GET would have (RFC 9112 section 6.1); HTTP/1.0 knows none.
    if (!framing.http_1_0) out.append("Transfer-Encoding: chunked\r\n");
    return;
  }
  out.append("Content-Length: ");
  out.append_number(reply.status == 205 ? 0 : reply.length.value_or(reply.body.size()));
  out.append(kCrlf);
}

}  // namespace

void DateLine::format(std::time_t now) {
  second_ = now;
  char date[29];
  http::format_date(now, date);
  std::memcpy(line_, "Date: ", 6);
  std::memcpy(line_ + 6, date, 29);
  std::memcpy(line_ + 35, "\r\n", 2);
}

bool reply_has_content(int status, bool head_request) {
  return !head_request && status != 205 && !http::status_forbids_content(status);
}

bool asks_to_close(const http::Reply& reply) {
  if (reply.close) return true;
  if (reply.fields == nullptr || !reply.fields->knows(Fields::kConnection)) return false;
  for (Fields::Field field : *reply.fields) {
    if (http::equals_ignoring_case(field.name, "connection") &&
        http::list_contains_token(field.value, "close")) {
      return true;
    }
  }
  return false;
}

void write_reply_head(OutputBuffer& out, const http::Reply& reply, const ReplyFraming& framing,
                      std::string_view date_line) {
  write_status_line(out, reply.status);
  const Fields* fields = reply.fields;
  const bool own_length = keeps_own_length(reply, framing.head_request);
  if (!reply.content_type.empty() && (fields == nullptr || !fields->knows(Fields::kContentType))) {
    out.append("Content-Type: ");
    out.append(reply.content_type);
    out.append(kCrlf);
  }
  if (fields != nullptr) {
    if (fields->knows(Fields::kContentLength) || fields->knows(Fields::kTransferEncoding) ||
        fields->knows(Fields::kConnection)) {
      write_filtered_fields(out, *fields, own_length);
    } else {
      out.append(fields->lines());
    }
  }
  if (fields == nullptr || !fields->knows(Fields::kDate)) out.append(date_line);
  if (!framing.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (framing.http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  if (!own_length) write_length(out, reply, framing);
  out.append(kCrlf);
}

ContentCoding content_coding(const http::Reply& reply, bool http_1_0, bool head_request) {
  if (!reply_has_content(reply.status, head_request)) return ContentCoding::none;
  if (reply.length) return ContentCoding::length;
  return http_1_0 ? ContentCoding::until_close : ContentCoding::chunked;
}

void write_chunk(OutputBuffer& out, std::string_view piece) {
  char size[16];
  char* end = std::to_chars(size, size + sizeof size, piece.size(), 16).ptr;
  out.append({size, end});
  out.append(kCrlf);
  out.append(piece);
  out.append(kCrlf);
}

void write_last_chunk(OutputBuffer& out, const Fields* trailers) {
  out.append("0\r\n");
  if (trailers != nullptr) out.append(trailers->lines());
  out.append(kCrlf);
}

void write_continue(OutputBuffer& out) {
  out.append("HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace bao::http1
