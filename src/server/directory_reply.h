#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <bao/fields.h>

#include "http/accept_encoding.h"
#include "http/relative_path.h"
#include "net/folder.h"
#include "server/file_reply.h"

namespace bao::server {

class Exchange;

/// What a directory shows, and how.
struct DirectoryOptions {
  /// Sent for a folder whose URL ends in a slash: the first that is there. Names of files.
  std::vector<std::string> index = {"index.html"};
  /// A folder without any of them is answered with a page that lists what is in it.
  bool listing = false;
  /// Files and folders whose name begins with a dot are there as well.
  bool dot_files = false;
  /// Beside `x.js` there may be `x.js.br`, `x.js.zst` or `x.js.gz`, which is sent instead to
  /// clients that take this coding.
  bool precompressed = false;
  /// Sent with every file.
  Fields fields = {};
  /// What is not there goes on to `fetch`; else it is a 404.
  bool falls_through = true;
};

/// Answers GET and HEAD with the files below a folder: the rest of the request's path, decoded
/// once, names one of them (http::parse_relative_path), and nothing that is not below the folder is
/// ever opened (net::Folder). Copies share the open folder. One thread's.
class DirectoryReply {
 public:
  /// Throws std::system_error, whose sentence names the path, if the folder cannot be opened, and
  /// std::invalid_argument for a name in `index` that is none. The folder is looked up by `path`
  /// again from time to time, so that another one may be put into its place.
  DirectoryReply(std::string path, DirectoryOptions options);

  /// Answers, or says why it does not, and then nothing was sent: what is asked for is not there,
  /// or not for us; is_failure_of_machine tells those reasons that have to be told. A path that is
  /// none is answered with 404, a folder without its slash with 301 to where it has one. Files are
  /// sent as by send_file, with a weak ETag.
  ///
  /// `rest` is the part of the exchange's path below the route, encoded, without a slash in front.
  std::error_code send(Exchange& exchange, std::string_view rest) const;

  const std::string& path() const { return path_; }
  bool falls_through() const { return options_.falls_through; }

 private:
  /// The folder, and when it was last looked up.
  struct Root {
    net::Folder folder;
    std::time_t looked_up = 0;
  };

  std::error_code send_folder(Exchange& exchange, const http::RelativePath& path) const;
  std::error_code send_listing(Exchange& exchange, const http::RelativePath& path) const;
  std::error_code send_file(Exchange& exchange, const std::string& names) const;
  std::error_code send_file(Exchange& exchange, const std::string& names, OpenFile file) const;
  bool send_variant(Exchange& exchange, const std::string& names) const;
  std::error_code open(const std::string& names, OpenFile& file) const;
  void look_up(std::time_t now) const;

  std::string path_;
  DirectoryOptions options_;
  std::shared_ptr<Root> root_;
};

}  // namespace bao::server
