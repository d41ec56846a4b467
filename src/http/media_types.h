#pragma once

#include <string_view>

namespace bao::http {

/// The media type of a file by the extension of its name, whatever the case of its letters (RFC
/// 9110 §8.3.1). Types of text say `;charset=utf-8`. The type is `application/octet-stream` for an
/// extension that nobody has registered and for a name without one; a name that only begins with a
/// dot has none. The view lives as long as the program.
std::string_view media_type_of(std::string_view path);

}  // namespace bao::http
