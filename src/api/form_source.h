#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <bao/body.h>
#include <bao/form.h>

#include "http/form_parser.h"
#include "net/file_descriptor.h"

namespace bao::detail {

/// Where the parts of a form lie that are too large for memory.
class FormFile {
 public:
  explicit FormFile(net::FileDescriptor file) : file_(std::move(file)) {}
  int get() const { return file_.get(); }

  std::uint64_t size = 0;

 private:
  net::FileDescriptor file_;
};

/// A form on its way: takes the pieces of the body and finds parts in them.
class FormSource {
 public:
  /// Throws FormError if that is not the type of a form.
  FormSource(std::string_view content_type, Body body, FormLimits limits);

  /// What comes next: never `more`, and never `refused`, which is thrown. `source` is kept until
  /// then.
  static Task<http::FormEvent> next(std::shared_ptr<FormSource> source);

  /// The part that has begun, moved out.
  FormPart take_part();
  /// The piece that has come; good until the next.
  std::string_view content() const { return content_; }
  /// Makes the file for what is too large.
  std::shared_ptr<FormFile> make_file() const;
  std::uint64_t max_in_memory() const { return limits_.max_in_memory_; }

  bool in_part = false;  // whose end has not come

 private:
  using Parser = std::variant<http::MultipartParser, http::UrlEncodedParser>;
  Parser make_parser(std::string_view content_type) const;
  http::FormEvent parse();

  FormLimits limits_;
  Parser parser_;
  Body body_;
  std::string piece_;
  std::string_view input_;  // of the piece: what has not been consumed
  std::string_view content_;
  bool last_ = false;
};

}  // namespace bao::detail
