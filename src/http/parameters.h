#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bao::http {

/// Walks over the parameters behind the first word of a field value (RFC 9110 section 5.6.6, RFC
/// 2183 section 2): `form-data; name="a"; filename="b.txt"`.
class Parameters {
 public:
  /// `value` must outlive this object.
  explicit Parameters(std::string_view value);

  /// What stands before the first `;`, without white space: a media type, a disposition.
  std::string_view first() const { return first_; }

  /// Takes the next parameter. False if there is none, or if the rest is malformed (`malformed`).
  /// `name` is a view into the field; of `value` the quotes are taken away, and the backslashes
  /// before a quote and a backslash: others are kept, because browsers once sent paths so.
  bool next(std::string_view& name, std::string& value);
  bool malformed() const { return malformed_; }

 private:
  bool read_quoted(std::string& value);

  std::string_view first_;
  std::string_view rest_;
  bool malformed_ = false;
};

/// The value of the parameter of that name, whatever its case. Nothing if there is none, if there
/// are two, or if the field is malformed.
std::optional<std::string> find_parameter(std::string_view value, std::string_view name);

}  // namespace bao::http
