#include "server/file_reply.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "http/date.h"
#include "http/media_types.h"
#include "http/preconditions.h"
#include "http/range.h"
#include "http/tokens.h"
#include "http/validators.h"
#include "net/read_at.h"
#include "server/exchange.h"
#include "server/not_modified.h"
#include "server/server.h"

namespace bao::server {

namespace {

// A file may change again within one tick of the clock that its time is taken from, and within one
// second of its Last-Modified. After so many seconds the time is of the last change.
constexpr std::time_t kSettled = 2;

// Nothing here waits for somebody: a pipe without a writer, a terminal.
std::error_code open_regular(const std::string& path, OpenFile& file) {
  if (path.find('\0') != path.npos) return std::make_error_code(std::errc::invalid_argument);
  int descriptor;
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return {errno, std::generic_category()};
  return take_regular(net::FileDescriptor(descriptor), file);
}

// Hashed, because the number of an inode is nobody's business.
std::string entity_tag(const OpenFile& file, bool weak) {
  const std::array<uint64_t, 5> facts{file.facts.st_dev, file.facts.st_ino, file.size(),
                                      static_cast<uint64_t>(file.facts.st_mtim.tv_sec),
                                      static_cast<uint64_t>(file.facts.st_mtim.tv_nsec)};
  const std::string_view bytes(reinterpret_cast<const char*>(facts.data()), sizeof facts);
  return (weak ? "W/" : "") + http::make_strong_etag(bytes);
}

// The program's fields without those that are not true of a reply without the content.
Fields fields_of_refusal(const Fields& fields) {
  Fields kept = not_modified_fields(fields);
  for (std::string_view name : {"cache-control", "expires", "etag", "last-modified"}) {
    kept.remove(name);
  }
  return kept;
}

struct Part {
  uint64_t first;
  uint64_t length;
};

// Cut where the file ends.
Part part_of(const FileSlice& slice, uint64_t size) {
  const uint64_t end = std::min(slice.end, size);
  const uint64_t begin = std::min(slice.begin, end);
  return {begin, end - begin};
}

std::string_view type_of(const FileReply& reply) {
  return reply.type ? std::string_view(*reply.type) : http::media_type_of(reply.path);
}

/// One reply with status 200, as long as it has not become another one.
class Representation {
 public:
  Representation(Exchange& exchange, const FilePresentation& how, OpenFile file)
      : exchange_(exchange),
        how_(how),
        file_(std::move(file)),
        now_(exchange.server().loop().wall_time()),
        fields_(how.fields) {
    describe();
  }

  void send() {
    if (const Compression* compression = exchange_.server().compression()) {
      choice_ = compression->choose(exchange_.head, 200, &fields_, how_.content_type, file_.size());
    }
    const http::Method method = exchange_.head.method_id;
    if (method == http::Method::get || method == http::Method::head) {
      switch (http::evaluate_preconditions(exchange_.head, current_, now_)) {
        case http::Precondition::passed: break;
        case http::Precondition::not_modified: return send_not_modified();
        case http::Precondition::failed: return send_failed();
      }
    }
    if (fields_.has("Content-Range")) return send_own_part();
    if (!how_.slice.is_whole()) return send_slice();
    if (!takes_ranges() || has_part_of_another_coding()) return send_part(200, 0, file_.size());
    if (!fields_.has("Accept-Ranges")) fields_.append("Accept-Ranges", "bytes");
    const std::string_view range =
        http::range_to_heed(exchange_.head, current_, file_.settled(now_), now_);
    const http::RangeAnswer answer = http::answer_range(range, file_.size());
    switch (answer.kind) {
      case http::RangeAnswer::Kind::whole: return send_part(200, 0, file_.size());
      case http::RangeAnswer::Kind::part: return send_range(answer.first, answer.length);
      case http::RangeAnswer::Kind::unsatisfiable: return send_unsatisfied();
    }
  }

 private:
  // A time in the future is told as now (RFC 9110 section 8.8.2.1).
  void describe() {
    if (!fields_.knows(Fields::kETag)) {
      fields_.append("ETag", entity_tag(file_, how_.weak_etag || !file_.settled(now_)));
    }
    etag_ = *fields_.get("ETag");
    const std::time_t modified = file_.facts.st_mtim.tv_sec;
    if (const auto own = fields_.get("Last-Modified")) {
      current_.last_modified = http::parse_date(*own, now_).value_or(modified);
    } else {
      fields_.append("Last-Modified", http::format_date(std::min(modified, now_)));
      current_.last_modified = modified;
    }
    current_.etag = etag_;
  }

  bool takes_ranges() const {
    return how_.takes_ranges &&
           http::equals_ignoring_case(fields_.get("Accept-Ranges").value_or("bytes"), "bytes");
  }

  // What a client that asks by If-Range has may be a part of the file with its coding, and has the
  // same date.
  bool has_part_of_another_coding() const {
    return choice_.coding != http::Coding::identity && exchange_.head.field("if-range");
  }

  void send_not_modified() {
    Fields fields = not_modified_fields(fields_);
    Compression::describe(choice_, fields);
    exchange_.reply({.status = 304, .fields = &fields, .negotiated = true});
  }

  void send_failed() {
    const Fields fields = fields_of_refusal(how_.fields);
    exchange_.reply({.status = 412, .fields = &fields});
  }

  void send_unsatisfied() {
    Fields fields = fields_of_refusal(how_.fields);
    fields.set("Content-Range", http::unsatisfied_range(file_.size()));
    fields.set("Accept-Ranges", "bytes");
    exchange_.reply({.status = 416, .fields = &fields});
  }

  // The program says by itself which part it sends.
  void send_own_part() {
    const Part part = part_of(how_.slice, file_.size());
    send_part(how_.slice.is_whole() ? 200 : 206, part.first, part.length);
  }

  // An empty slice has no Content-Range, and one of everything needs none.
  void send_slice() {
    const auto [first, length] = part_of(how_.slice, file_.size());
    if (length == 0 || length == file_.size()) return send_part(200, first, length);
    send_range(first, length);
  }

  void send_range(uint64_t first, uint64_t length) {
    fields_.set("Content-Range", http::content_range(first, length, file_.size()));
    send_part(206, first, length);
  }

  void send_part(int status, uint64_t first, uint64_t length) {
    http::FileContent content{std::move(file_.descriptor), first, length};
    exchange_.reply({.status = status,
                     .fields = &fields_,
                     .content_type = how_.content_type,
                     .file = &content});
  }

  Exchange& exchange_;
  const FilePresentation& how_;
  OpenFile file_;
  std::time_t now_;
  Fields fields_;
  std::string etag_;
  http::Validators current_;
  Compression::Choice choice_;  // of the whole file
};

// A reply with another status than 200. A 206 has to say which part it is (RFC 9110
// section 15.3.7).
void send_as_it_is(Exchange& exchange, const FileReply& reply, OpenFile file) {
  const auto [first, length] = part_of(reply.slice, file.size());
  Fields own;
  const Fields* fields = &reply.fields;
  if (reply.status == 206 && length > 0 && !reply.fields.has("Content-Range")) {
    own = reply.fields;
    own.append("Content-Range", http::content_range(first, length, file.size()));
    fields = &own;
  }
  http::FileContent content{std::move(file.descriptor), first, length};
  exchange.reply(
      {.status = reply.status, .fields = fields, .content_type = type_of(reply), .file = &content});
}

}  // namespace

bool OpenFile::settled(std::time_t now) const {
  return facts.st_mtim.tv_sec + kSettled <= now;
}

std::error_code take_regular(net::FileDescriptor descriptor, OpenFile& file) {
  file.descriptor = std::move(descriptor);
  if (::fstat(file.descriptor.get(), &file.facts) != 0) return {errno, std::generic_category()};
  if (S_ISREG(file.facts.st_mode)) return {};
  return std::make_error_code(S_ISDIR(file.facts.st_mode) ? std::errc::is_a_directory
                                                          : std::errc::operation_not_supported);
}

void send_open_file(Exchange& exchange, OpenFile file, const FilePresentation& how) {
  Representation(exchange, how, std::move(file)).send();
}

std::error_code send_file(Exchange& exchange, const FileReply& reply) {
  OpenFile file;
  if (const std::error_code error = open_regular(reply.path, file)) return error;
  if (reply.status == 200) {
    send_open_file(exchange, std::move(file),
                   {.fields = reply.fields, .content_type = type_of(reply), .slice = reply.slice});
    return {};
  }
  send_as_it_is(exchange, reply, std::move(file));
  return {};
}

// If the file becomes shorter meanwhile, its content ends where it does by then.
std::error_code read_file(const std::string& path, const FileSlice& slice, FileText& result) {
  OpenFile file;
  if (const std::error_code error = open_regular(path, file)) return error;
  result.modified = std::min(file.facts.st_mtim.tv_sec, std::time(nullptr));
  const Part part = part_of(slice, file.size());
  result.text.resize(part.length);
  size_t filled = 0;
  while (filled < result.text.size()) {
    const ssize_t count = net::read_at(file.descriptor.get(),
                                       std::span(result.text).subspan(filled), part.first + filled);
    if (count < 0) return {errno, std::generic_category()};
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  result.text.resize(filled);
  return {};
}

bool is_failure_of_machine(std::error_code error) {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system ||
         error == std::errc::not_enough_memory || error == std::errc::io_error;
}

}  // namespace bao::server
