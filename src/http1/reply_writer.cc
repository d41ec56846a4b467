#include "http1/reply_writer.h"

#include <charconv>
#include <cstring>

#include "http/date.h"
#include "http/status.h"
#include "http/tokens.h"

namespace bao::http1 {

namespace {

constexpr std::string_view kCrlf = "\r\n";

// More than everything in a head that is neither the program's fields nor its type: status line,
// Date, Connection, Content-Length or Transfer-Encoding.
constexpr size_t kMostOfOurs = 256;

// Writes a head into room that is large enough for all of it, so that nothing is checked piece by
// piece.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}
  void put(std::string_view text) { at_ += text.copy(at_, text.size()); }
  void put_number(uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  const char* at() const { return at_; }

 private:
  char* at_;
};

void write_status_line(Pen& pen, int status, std::string_view reason) {
  if (status == 200 && reason.empty()) return pen.put("HTTP/1.1 200 OK\r\n");
  pen.put("HTTP/1.1 ");
  pen.put_number(static_cast<uint64_t>(status));
  pen.put(" ");
  pen.put(reason.empty() ? http::reason_phrase(status) : reason);
  pen.put(kCrlf);
}

// A 1xx has no content (RFC 9110 section 8.6, RFC 9112 section 6.1), and what becomes of the
// connection is not its to say.
bool stands_in_1xx(std::string_view name) {
  for (const std::string_view ours :
       {"connection", "upgrade", "content-length", "transfer-encoding"}) {
    if (http::equals_ignoring_case(name, ours)) return false;
  }
  return true;
}

// Whether the program's own Content-Length may stand: it then describes a representation that is
// not sent.
bool keeps_own_length(const http::Reply& reply, bool head_request) {
  if (reply.fields == nullptr || !reply.fields->knows(Fields::kContentLength) ||
      !reply.body.empty() || reply.file != nullptr)
    return false;
  if (reply.status == 204 || reply.status == 205 || !(head_request || reply.status == 304))
    return false;
  const std::string_view length = reply.fields->get("content-length").value_or("");
  return !length.empty() && length.find_first_not_of("0123456789") == length.npos;
}

// The program's fields without those that decide about framing, which are ours to write.
void write_filtered_fields(Pen& pen, const Fields& fields, bool keep_length) {
  for (Fields::Field field : fields) {
    if (http::equals_ignoring_case(field.name, "content-length")) {
      if (!keep_length) continue;
      keep_length = false;  // one is enough
    } else if (http::equals_ignoring_case(field.name, "transfer-encoding") ||
               http::equals_ignoring_case(field.name, "connection")) {
      continue;
    }
    pen.put(field.name);
    pen.put(": ");
    pen.put(field.value);
    pen.put(kCrlf);
  }
}

// Of a reply whose length is known.
uint64_t content_length(const http::Reply& reply) {
  if (reply.file != nullptr) return reply.file->length;
  return reply.length.value_or(reply.body.size());
}

// Content-Length or Transfer-Encoding: never both, and neither where the message has no content by
// its status.
void write_length(Pen& pen, const http::Reply& reply, const ReplyFraming& framing) {
  if (reply.status == 204 || (reply.status == 304 && reply.body.empty() && reply.file == nullptr))
    return;
  if (reply.streamed && !reply.length && reply.status != 205) {
    // A HEAD is told of the coding that GET would have (RFC 9112 section 6.1); HTTP/1.0 knows none.
    if (!framing.http_1_0) pen.put("Transfer-Encoding: chunked\r\n");
    return;
  }
  pen.put("Content-Length: ");
  pen.put_number(reply.status == 205 ? 0 : content_length(reply));
  pen.put(kCrlf);
}

// Writes a head. Where its Date line stands, counted from its first byte, or npos if the program
// has a Date of its own.
size_t write_head(OutputBuffer& out, const http::Reply& reply, const ReplyFraming& framing,
                  std::string_view date_line) {
  const Fields* fields = reply.fields;
  const auto knows = [fields](Fields::Known field) {
    return fields != nullptr && fields->knows(field);
  };
  const std::string_view lines = fields != nullptr ? fields->lines() : "";
  char* const begin = out.reserve(kMostOfOurs + reply.content_type.size() + lines.size() +
                                  reply.reason.size() + framing.added_lines.size());
  Pen pen(begin);
  write_status_line(pen, reply.status, reply.reason);
  if (!reply.content_type.empty() && !knows(Fields::kContentType)) {
    pen.put("Content-Type: ");
    pen.put(reply.content_type);
    pen.put(kCrlf);
  }
  const bool own_length = keeps_own_length(reply, framing.head_request);
  if (knows(Fields::kContentLength) || knows(Fields::kTransferEncoding) ||
      knows(Fields::kConnection)) {
    write_filtered_fields(pen, *fields, own_length);
  } else {
    pen.put(lines);
  }
  pen.put(framing.added_lines);
  size_t date_at = std::string::npos;
  if (!knows(Fields::kDate)) {
    date_at = static_cast<size_t>(pen.at() - begin);
    pen.put(date_line);
  }
  if (reply.status == 426) [[unlikely]] {
    // Its Upgrade field needs the option of that name (RFC 9110 section 15.5.22 and 7.8).
    pen.put(framing.keep_alive ? "Connection: Upgrade\r\n" : "Connection: close, Upgrade\r\n");
  } else if (!framing.keep_alive) {
    pen.put("Connection: close\r\n");
  } else if (framing.http_1_0) {
    pen.put("Connection: keep-alive\r\n");
  }
  if (!own_length) write_length(pen, reply, framing);
  pen.put(kCrlf);
  out.commit(static_cast<size_t>(pen.at() - begin));
  return date_at;
}

void copy_head(OutputBuffer& out, const http::EncodedHead& encoded, std::string_view date_line) {
  const std::string& bytes = encoded.http1;
  char* to = out.reserve(bytes.size());
  bytes.copy(to, bytes.size());
  if (encoded.date_at != bytes.npos) {
    std::memcpy(to + encoded.date_at, date_line.data(), DateLine::kSize);
  }
  out.commit(bytes.size());
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

bool ask_to_close(const Fields& fields) {
  for (Fields::Field field : fields) {
    if (http::equals_ignoring_case(field.name, "connection") &&
        http::list_contains_token(field.value, "close")) {
      return true;
    }
  }
  return false;
}

void write_reply_head(OutputBuffer& out, const http::Reply& reply, const ReplyFraming& framing,
                      std::string_view date_line) {
  http::EncodedHead* encoded = reply.encoded;
  if (encoded == nullptr || framing.http_1_0 || framing.head_request || !framing.keep_alive ||
      !framing.added_lines.empty()) {
    write_head(out, reply, framing, date_line);
  } else if (!encoded->http1.empty()) {
    copy_head(out, *encoded, date_line);
  } else {
    const size_t before = out.size();
    encoded->date_at = write_head(out, reply, framing, date_line);
    encoded->http1 = out.view().substr(before);
  }
}

std::string upgrade_head(std::string_view protocol, const Fields& fields,
                         std::string_view date_line) {
  std::string head("HTTP/1.1 101 Switching Protocols\r\nUpgrade: ");
  head.append(protocol).append("\r\nConnection: Upgrade\r\n");
  for (const Fields::Field field : fields) {
    if (!stands_in_1xx(field.name)) continue;
    head.append(field.name).append(": ").append(field.value).append(kCrlf);
  }
  if (!fields.knows(Fields::kDate)) head.append(date_line);
  return head.append(kCrlf);
}

ContentCoding content_coding(const http::Reply& reply, bool http_1_0) {
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

void write_interim(OutputBuffer& out, int status, const Fields& fields) {
  out.append("HTTP/1.1 " + std::to_string(status) + " ");
  out.append(http::reason_phrase(status));
  out.append(kCrlf);
  for (const Fields::Field field : fields) {
    if (!stands_in_1xx(field.name)) continue;
    for (const std::string_view part : {field.name, std::string_view(": "), field.value, kCrlf}) {
      out.append(part);
    }
  }
  out.append(kCrlf);
}

void write_continue(OutputBuffer& out) {
  out.append("HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace bao::http1
