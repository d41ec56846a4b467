#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/source_excerpt.h"

namespace bao::server {

/// One function on the stack of an error, in any language.
struct ErrorPageFrame {
  std::string function = {};
  /// "" if unknown.
  std::string file = {};
  /// Both counted from 1; 0 if unknown.
  int line = 0;
  int column = 0;
  /// Code of the program itself. Runs of other frames are folded.
  bool user_code = true;
  std::optional<trace::SourceExcerpt> source = {};
};

/// An error that led to another one.
struct ErrorPageCause {
  std::string type = {};
  std::string message = {};
  std::vector<ErrorPageFrame> frames = {};
};

/// What the error page shows. Plain data, so that exceptions of C++ and errors of other languages
/// can fill it alike. All of it is taken for hostile text in any encoding.
struct ErrorPageContent {
  std::string type = {};
  std::string message = {};
  /// Innermost call first; empty if there is no stack.
  std::vector<ErrorPageFrame> frames = {};
  /// From the nearest cause to the root cause.
  std::vector<ErrorPageCause> causes = {};
  /// E.g. "GET /users/7 HTTP/1.1"; "" if the error belongs to no request.
  std::string request_line = {};
  /// Names and values in the order of the request. Values of Authorization, Cookie and
  /// Proxy-Authorization are masked when they are shown.
  std::vector<std::pair<std::string, std::string>> request_fields = {};
};

/// Type, message, stacks (see trace::thrown_at, which needs a trace::CaptureThrows on this thread
/// when it was thrown) with source excerpts, and causes of a C++ exception. The request is left to
/// the caller. Blocks: it reads debug information, once for the process, and source files.
ErrorPageContent describe_exception(const std::exception_ptr& error);

/// A complete HTML page in UTF-8 for a developer's browser: no outside assets, readable without
/// scripts. Not for production: it shows source code and the request.
std::string render_error_page(const ErrorPageContent& content);

/// The same as plain UTF-8 text for terminals and clients that do not want HTML: control characters
/// are escaped, and each line of foreign text is indented, so that it cannot pass for a line of its
/// own. Ends with a line feed.
std::string render_error_text(const ErrorPageContent& content);

/// The HTML page that explains that the handler of `request_line` returned no response.
std::string render_no_response_page(std::string_view request_line);

}  // namespace bao::server
