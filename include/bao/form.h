#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/fields.h>
#include <bao/task.h>

namespace bao {

class Request;

namespace detail {
class FormFile;
class FormSource;
}  // namespace detail

/// A request's body is no form, or one that is refused. Unless the program catches it the client
/// gets `status()` with the sentence.
class FormError : public std::runtime_error {
 public:
  FormError(int status, const std::string& sentence)
      : std::runtime_error(sentence), status_(status) {}
  /// 415: of another type; 400: malformed; 413: beyond a limit.
  int status() const noexcept { return status_; }

 private:
  int status_;
};

/// How much a form may have, and where it is kept; see Request::form. The size of the whole is
/// limited like that of any body.
class FormLimits {
 public:
  /// The most parts: 1000, many times what pages have; each costs some memory.
  FormLimits& max_parts(std::uint64_t count) {
    max_parts_ = count;
    return *this;
  }
  /// The most bytes of a name, and of a file's name: 1024.
  FormLimits& max_name_size(std::uint32_t bytes) {
    max_name_size_ = bytes;
    return *this;
  }
  /// The most bytes of the header fields of one part: 16 KiB.
  FormLimits& max_header_size(std::uint32_t bytes) {
    max_header_size_ = bytes;
    return *this;
  }
  /// How many bytes of content `form()` keeps in memory, of all parts together: 1 MiB. The parts
  /// beyond it go into a file without a name, which is gone with the form.
  FormLimits& max_in_memory(std::uint64_t bytes) {
    max_in_memory_ = bytes;
    return *this;
  }
  /// The folder of that file. Empty: $TMPDIR, or /tmp.
  FormLimits& temporary_folder(std::string path) {
    temporary_folder_ = std::move(path);
    return *this;
  }

 private:
  friend class detail::FormSource;
  std::uint64_t max_parts_ = 1000;
  std::uint32_t max_name_size_ = 1024;
  std::uint32_t max_header_size_ = 16 * 1024;
  std::uint64_t max_in_memory_ = 1 << 20;
  std::string temporary_folder_;
};

/// What a part of a form says of itself.
class FormPart {
 public:
  /// Its name, valid UTF-8. Several parts may have the same.
  const std::string& name() const { return name_; }
  /// The name that the file has at the client: what it wants, so no path to be trusted. A part that
  /// has one is a file, even if it is empty, as it is when no file was chosen.
  const std::optional<std::string>& filename() const { return filename_; }
  bool is_file() const { return filename_.has_value(); }
  /// Its Content-Type; empty if it has none.
  const std::string& type() const { return type_; }
  /// All its header fields.
  const Fields& fields() const { return fields_; }

 private:
  friend class detail::FormSource;
  FormPart(std::string name, std::optional<std::string> filename, std::string type, Fields fields)
      : name_(std::move(name)),
        filename_(std::move(filename)),
        type_(std::move(type)),
        fields_(std::move(fields)) {}

  std::string name_;
  std::optional<std::string> filename_;
  std::string type_;
  Fields fields_;
};

/// A part of a form that has arrived as a whole. Copies share what lies in a file.
class FormEntry : public FormPart {
 public:
  std::uint64_t size() const { return size_; }
  /// False if the content lies in the form's file.
  bool in_memory() const { return file_ == nullptr; }
  /// The whole content, as it was sent. Throws std::system_error if the file cannot be read.
  std::string content() const;
  /// Reads what stands from `offset` on, as far as it goes and there is room; returns how many
  /// bytes. Throws std::system_error.
  std::size_t read(std::uint64_t offset, std::span<char> room) const;
  /// Writes the content into that file, which is made or replaced. Throws std::system_error. Waits
  /// for the disk: large files belong into `bao::blocking`.
  void save(const std::string& path) const;

 private:
  friend class Form;
  explicit FormEntry(FormPart part) : FormPart(std::move(part)) {}

  std::uint64_t size_ = 0;
  std::string content_;                     // unless it lies in the file
  std::shared_ptr<detail::FormFile> file_;  // at `offset_`
  std::uint64_t offset_ = 0;
};

/// A form, as a whole: `bao::Form form = co_await req.form();`
class Form {
 public:
  /// The text of the first part of that name that is no file, as valid UTF-8.
  std::optional<std::string> get(std::string_view name) const;
  /// The texts of all of them, in order.
  std::vector<std::string> get_all(std::string_view name) const;
  /// The first file of that name; null if there is none. Lives as long as the form.
  const FormEntry* file(std::string_view name) const;
  /// All parts, in order.
  const std::vector<FormEntry>& entries() const { return entries_; }

 private:
  friend class Request;
  static Task<Form> collect(std::shared_ptr<detail::FormSource> source);
  void append(detail::FormSource& source, std::string_view content);
  void move_to_file(detail::FormSource& source, FormEntry& entry);

  std::vector<FormEntry> entries_;
  std::uint64_t in_memory_ = 0;
  std::shared_ptr<detail::FormFile> file_;
};

/// A form part by part, as it arrives, for programs that keep nothing of it:
///
///     bao::FormReader form = req.form_parts();
///     while (std::optional<bao::FormPart> part = co_await form.next_part()) {
///       while (std::optional<std::string> piece = co_await form.next_piece()) …
///     }
///
/// The client is read from only as fast as the pieces are taken. A handle: copies read the same
/// form, one at a time. It may be kept as long as a Body may. Only on the loop's thread.
class FormReader {
 public:
  /// The next part, none at the end; what is left of the one before is passed over. Throws
  /// FormError, and BodyError if the rest never arrives.
  Task<std::optional<FormPart>> next_part();
  /// The next piece of the part's content, not empty; none at its end.
  Task<std::optional<std::string>> next_piece();

 private:
  friend class Request;
  explicit FormReader(std::shared_ptr<detail::FormSource> source) : source_(std::move(source)) {}
  std::shared_ptr<detail::FormSource> source_;
};

}  // namespace bao
