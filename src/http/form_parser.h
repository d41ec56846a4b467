#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bao/fields.h>

namespace bao::http {

/// Limits on what is not content in a form. That of the whole is the limit of the body.
struct FormLimits {
  uint64_t max_parts = 1000;              ///< a page has a few; each costs memory
  uint32_t max_name_bytes = 1024;         ///< of a name, and of a file's name
  uint32_t max_header_bytes = 16 * 1024;  ///< of the header fields of one part
};

/// What comes before the content of a part.
struct FormPartHead {
  std::string name;                       ///< decoded, valid UTF-8
  std::optional<std::string> filename{};  ///< the same; a part that has one is a file
  std::string type{};                     ///< its Content-Type; empty if it has none
  Fields fields{};                        ///< all its header fields
};

/// Why a form is refused: 400 if it is malformed, 413 if a limit is exceeded.
struct FormRefusal {
  int status = 0;  ///< 0: it is not
  std::string_view reason;
};

/// What a parser of forms has found; both kinds tell the same.
enum class FormEvent : uint8_t {
  part,     ///< a part begins: see `head`
  content,  ///< a piece of its content
  end,      ///< the part is whole
  more,     ///< all input is consumed, the form goes on
  done,     ///< the form is whole; so is the input
  refused,  ///< see `refusal`
};

/// Finds the parts of a multipart/form-data body (RFC 7578; RFC 2046 section 5.1). Bytes in, views
/// out, at whatever places the input is cut. Strict where it matters where a part ends: CRLF
/// everywhere, no folded header lines, nothing but white space behind a boundary, and the last one
/// must be there. What stands before the first boundary and behind the last is passed over (RFC
/// 2046 section 5.1.1), the former up to the limit of a part's header fields.
class MultipartParser {
 public:
  /// The boundary of a Content-Type value; nothing if it has none that RFC 2046 section 5.1.1
  /// allows: 1 to 70 characters, the last of them no space.
  static std::optional<std::string> boundary_of(std::string_view content_type);

  /// `boundary` without its leading hyphens.
  explicit MultipartParser(std::string_view boundary, const FormLimits& limits = {});

  /// Consumes from the front of `input`; `last` says that nothing follows it. On `content`,
  /// `content` is good until the next call, and as long as the input.
  FormEvent parse(std::string_view& input, bool last, std::string_view& content);

  /// The part that is under way.
  const FormPartHead& head() const { return head_; }
  /// The same, to be moved away.
  FormPartHead& head() { return head_; }
  const FormRefusal& refusal() const { return refusal_; }

 private:
  enum class State : uint8_t {
    preamble,
    content,
    boundary,      // behind a boundary: white space, CRLF, or the hyphens of the last one
    boundary_end,  // one hyphen has come
    boundary_lf,
    header,
    epilogue,
    refused,
  };

  FormEvent refuse(int status, std::string_view reason);
  bool find_delimiter(std::string_view& input, std::string_view& content);
  FormEvent take_preamble(std::string_view& input);
  FormEvent take_content(std::string_view& input, std::string_view& content);
  FormEvent take_boundary(std::string_view& input);
  FormEvent take_header(std::string_view& input);
  FormEvent end_header();
  bool read_field(std::string_view line);
  bool read_disposition(std::string_view value);
  bool set_name(std::optional<std::string>& to, std::string&& value);

  FormLimits limits_;
  std::string delimiter_;  // CRLF, two hyphens, the boundary
  size_t matched_ = 2;     // of the delimiter: at the beginning it needs no CRLF
  size_t lacking_ = 2;     // of what is matched: it never came
  std::string line_;       // of a header, as far as it is here
  FormPartHead head_;
  std::optional<std::string> name_;
  uint64_t parts_ = 0;
  uint32_t overhead_ = 0;  // bytes of this preamble or header
  State state_ = State::preamble;
  FormRefusal refusal_;
};

/// Finds the pairs of an application/x-www-form-urlencoded body (WHATWG URL Standard, section 5.1)
/// and gives them as parts without header fields, with the same events. Content is decoded, but not
/// made valid UTF-8: a character may be cut.
class UrlEncodedParser {
 public:
  explicit UrlEncodedParser(const FormLimits& limits = {}) : limits_(limits) {}

  /// As MultipartParser::parse. Content is good until the next call only.
  FormEvent parse(std::string_view& input, bool last, std::string_view& content);

  const FormPartHead& head() const { return head_; }
  FormPartHead& head() { return head_; }
  const FormRefusal& refusal() const { return refusal_; }

 private:
  enum class State : uint8_t { name, value, refused };

  FormEvent refuse(std::string_view reason);
  FormEvent take_name(std::string_view& input, bool last);
  FormEvent take_value(std::string_view& input, bool last, std::string_view& content);
  void decode(std::string_view text, bool last, std::string& to);

  FormLimits limits_;
  std::string name_;
  std::string content_;
  std::string escape_;  // the beginning of one that was cut
  FormPartHead head_;
  uint64_t parts_ = 0;
  State state_ = State::name;
  FormRefusal refusal_;
};

}  // namespace bao::http
