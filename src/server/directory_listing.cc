#include "server/directory_listing.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <tuple>

#include "http/displayed_text.h"
#include "http/percent.h"
#include "http/relative_path.h"

namespace bao::server {

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

void append_link(std::string& page, std::string_view href, std::string_view text) {
  page.append("<li><a href=\"").append(http::escape_html(href)).append("\">");
  page.append(http::escape_html(text)).append("</a></li>\n");
}

}  // namespace

std::error_code read_listing(net::FileDescriptor folder, bool dot_files,
                             std::vector<ListedName>& names) {
  const std::unique_ptr<DIR, CloseFolder> stream(::fdopendir(folder.get()));
  if (stream == nullptr) return {errno, std::generic_category()};
  (void)folder.release();  // the stream closes it
  errno = 0;
  while (names.size() < kMostListed) {
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (!http::is_servable_name(name) || (name.front() == '.' && !dot_files)) continue;
    names.push_back({std::string(name), entry->d_type == DT_DIR});
  }
  if (errno != 0) return {errno, std::generic_category()};
  std::sort(names.begin(), names.end(), [](const ListedName& a, const ListedName& b) {
    return std::tie(b.is_folder, a.name) < std::tie(a.is_folder, b.name);
  });
  return {};
}

std::string render_listing(std::string_view path, const std::vector<ListedName>& names) {
  const std::string title = "Index of /" + std::string(path);
  std::string page;
  page.reserve(400 + 80 * names.size());
  page.append("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>");
  page.append(http::escape_html(title)).append("</title>\n<h1>");
  page.append(http::escape_html(title)).append("</h1>\n<ul>\n");
  if (!path.empty()) append_link(page, "../", "../");
  for (const auto& [name, is_folder] : names) {
    const std::string_view end = is_folder ? "/" : "";
    // With `./` in front a colon in the name makes no scheme of it (RFC 3986 section 4.2).
    std::string href = "./" + http::percent_encode(name, http::PercentEncodeSet::kPathSegment);
    append_link(page, href.append(end), name + std::string(end));
  }
  page.append("</ul>\n</html>\n");
  return page;
}

}  // namespace bao::server
