#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

#include <bao/fields.h>

#include "net/file_descriptor.h"

namespace bao::server {

class Exchange;

/// The bytes [begin, end) of a file, as far as it has them.
struct FileSlice {
  uint64_t begin = 0;
  uint64_t end = UINT64_MAX;
  bool is_whole() const { return begin == 0 && end == UINT64_MAX; }
};

/// A reply whose content is a file, which is opened anew for each request.
struct FileReply {
  std::string path;
  FileSlice slice = {};
  int status = 200;
  Fields fields = {};
  std::optional<std::string> type = {};  ///< without one that of the extension; empty: none
};

/// Answers `exchange` with the file, or says why it cannot be read, and then nothing was sent:
/// whatever open(2) says, is_a_directory, or operation_not_supported if it is no regular file. The
/// kernel is asked here, on the loop's thread, which waits for the disk if it must.
///
/// The type is that of the extension. A reply with status 200 has `Last-Modified`, an `ETag` of
/// inode, size and time of modification, weak while the file is so new that it may change once more
/// without a new time, and `Accept-Ranges`. GET and HEAD are answered with 304 or 412 by their
/// preconditions (RFC 9110 section 13), GET with 206 or 416 by its Range (section 14); a slice is
/// 206 and has no ranges of its own. What `fields` holds wins over all of these: its type, its
/// validators, and `Accept-Ranges: none` switches ranges off, as a Content-Range does: who says
/// which part this is has looked at the request. Other statuses are sent as they are, but a 206
/// without Content-Range gets one.
std::error_code send_file(Exchange& exchange, const FileReply& reply);

/// A regular file that is open.
struct OpenFile {
  net::FileDescriptor descriptor;
  struct stat facts{};

  uint64_t size() const { return static_cast<uint64_t>(facts.st_size); }
  /// Whether its time is surely that of its last change; `now` is in seconds since 1970.
  bool settled(std::time_t now) const;
};

/// Takes what was opened, and says if it is no regular file, as above.
std::error_code take_regular(net::FileDescriptor descriptor, OpenFile& file);

/// What was in a file when it was read.
struct FileText {
  std::string text;
  std::time_t modified = 0;  ///< in seconds since 1970, not in the future
};

/// Reads that part of a file whole, or says why it cannot be read, as above.
std::error_code read_file(const std::string& path, const FileSlice& slice, FileText& result);

/// How a file that is open is sent; views that must outlive the call.
struct FilePresentation {
  const Fields& fields;
  std::string_view content_type;
  FileSlice slice = {};
  bool weak_etag = false;    ///< whatever the age of the file
  bool takes_ranges = true;  ///< false: Range is ignored, and not offered
};

/// Answers `exchange` with status 200 and all that is told above.
void send_open_file(Exchange& exchange, OpenFile file, const FilePresentation& how);

/// Whether that is a failure of the machine, to be told, and not a file that is not there for us.
bool is_failure_of_machine(std::error_code error);

}  // namespace bao::server
