#include "server/directory_reply.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "http/displayed_text.h"
#include "http/media_types.h"
#include "server/directory_listing.h"
#include "server/exchange.h"
#include "server/server.h"
#include "server/vary.h"

namespace bao::server {

namespace {

struct Sibling {
  http::Coding coding;
  std::string_view extension;
};
// The smallest first, as they mostly are.
constexpr std::array<Sibling, 3> kSiblings{
    {{http::Coding::brotli, ".br"}, {http::Coding::zstd, ".zst"}, {http::Coding::gzip, ".gz"}}};

// A browser takes a backslash there for a slash, and what stands behind two of them for a host.
bool may_name_a_host(std::string_view path) {
  return path.size() > 1 && (path[1] == '/' || path[1] == '\\');
}

// RFC 9110 section 15.4.2
std::error_code redirect_to_folder(Exchange& exchange) {
  const http::RequestHead& head = exchange.head;
  if (may_name_a_host(head.path())) {
    return std::make_error_code(std::errc::no_such_file_or_directory);
  }
  std::string location(head.path());
  location += '/';
  if (!head.query().empty()) location.append("?").append(head.query());
  const Fields fields{{"Location", location}};
  exchange.reply({.status = 301, .fields = &fields});
  return {};
}

// A part is one of the content without a coding: two codings of one file must never be joined, and
// their dates may be equal. With If-Range the client has a part already, of which coding nobody
// knows.
bool wants_part_of_file(const http::RequestHead& head) {
  return head.method_id == http::Method::get && head.field("range") && !head.field("if-range");
}

}  // namespace

DirectoryReply::DirectoryReply(std::string path, DirectoryOptions options)
    : path_(std::move(path)), options_(std::move(options)), root_(std::make_shared<Root>()) {
  for (const std::string& name : options_.index) {
    if (http::is_servable_name(name)) continue;
    throw std::invalid_argument(
        "The index file " + http::quote(name) + " of directory \"" + path_ + "\"" +
        " is no name of a file: give one without slashes, \"index.html\" say");
  }
  if (path_.find('\0') != path_.npos) {
    throw std::invalid_argument("The directory " + http::quote(path_) +
                                " is no path: a path holds no NUL byte");
  }
  if (const std::error_code error = root_->folder.open(path_)) {
    throw std::system_error(error, "The directory \"" + path_ + "\" cannot be opened");
  }
  if (options_.precompressed) vary_by_encoding(options_.fields);
}

std::error_code DirectoryReply::send(Exchange& exchange, std::string_view rest) const {
  const auto path = http::parse_relative_path(rest);
  if (!path) {
    exchange.reply({.status = 404});
    return {};
  }
  if (path->has_dot_name && !options_.dot_files) {
    return std::make_error_code(std::errc::no_such_file_or_directory);
  }
  look_up(exchange.server().loop().wall_time());
  return path->names_folder ? send_folder(exchange, *path) : send_file(exchange, path->names);
}

// Another folder may stand there since: a release that was put into place by a rename, or by a
// link. Once in a second is soon enough, and costs nothing for each request.
void DirectoryReply::look_up(std::time_t now) const {
  if (now == root_->looked_up) return;
  root_->looked_up = now;
  root_->folder.open(path_);
}

std::error_code DirectoryReply::open(const std::string& names, OpenFile& file) const {
  net::FileDescriptor descriptor;
  if (const std::error_code error = root_->folder.open_below(names, descriptor)) return error;
  return take_regular(std::move(descriptor), file);
}

std::error_code DirectoryReply::send_folder(Exchange& exchange,
                                            const http::RelativePath& path) const {
  std::error_code error = std::make_error_code(std::errc::no_such_file_or_directory);
  for (const std::string& name : options_.index) {
    const std::string names = path.names.empty() ? name : path.names + '/' + name;
    OpenFile file;
    error = open(names, file);
    if (!error) return send_file(exchange, names, std::move(file));
    if (is_failure_of_machine(error)) return error;
  }
  return options_.listing ? send_listing(exchange, path) : error;
}

std::error_code DirectoryReply::send_listing(Exchange& exchange,
                                             const http::RelativePath& path) const {
  net::FileDescriptor folder;
  if (const std::error_code error = root_->folder.open_below(path.names, folder)) return error;
  std::vector<ListedName> names;
  const std::error_code error = read_listing(std::move(folder), options_.dot_files, names);
  if (error) return error;
  const std::string page = render_listing(path.names, names);
  exchange.reply({.content_type = "text/html;charset=utf-8", .body = page});
  return {};
}

std::error_code DirectoryReply::send_file(Exchange& exchange, const std::string& names) const {
  OpenFile file;
  const std::error_code error = open(names, file);
  if (error == std::errc::is_a_directory) return redirect_to_folder(exchange);
  if (error) return error;
  return send_file(exchange, names, std::move(file));
}

std::error_code DirectoryReply::send_file(Exchange& exchange, const std::string& names,
                                          OpenFile file) const {
  if (options_.precompressed && !wants_part_of_file(exchange.head) &&
      send_variant(exchange, names)) {
    return {};
  }
  send_open_file(
      exchange, std::move(file),
      {.fields = options_.fields, .content_type = http::media_type_of(names), .weak_etag = true});
  return {};
}

// The sibling that the client likes best. False if there is none that it takes.
bool DirectoryReply::send_variant(Exchange& exchange, const std::string& names) const {
  const http::AcceptEncoding accepted(exchange.head);
  std::array<Sibling, kSiblings.size()> left = kSiblings;
  for (size_t count = left.size(); count > 0; --count) {
    std::array<http::Coding, kSiblings.size()> offered;
    for (size_t i = 0; i < count; ++i) offered[i] = left[i].coding;
    const http::Coding coding = accepted.choose({offered.data(), count});
    if (coding == http::Coding::identity) return false;
    const auto* chosen =
        std::find_if(left.data(), left.data() + count,
                     [&](const Sibling& sibling) { return sibling.coding == coding; });
    OpenFile file;
    if (!open(names + std::string(chosen->extension), file)) {
      Fields fields = options_.fields;
      fields.set("Content-Encoding", http::coding_name(coding));
      send_open_file(exchange, std::move(file),
                     {.fields = fields,
                      .content_type = http::media_type_of(names),
                      .weak_etag = true,
                      .takes_ranges = false});
      return true;
    }
    std::move(chosen + 1, static_cast<const Sibling*>(left.data() + count),
              left.data() + (chosen - left.data()));
  }
  return false;
}

}  // namespace bao::server
