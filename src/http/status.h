#pragma once

#include <string_view>

namespace bao::http {

/// The reason phrase that RFC 9110 §15 and the IANA HTTP status code registry give to `status`, or
/// an empty view for every other number. 306 and 418 are registered as unused and have none;
/// temporary registrations are left out. The view lives as long as the program.
std::string_view reason_phrase(int status);

/// Whether a reply with this status never has content, whatever its fields say: 1xx, 204 and 304
/// (RFC 9110 §6.4.1). A reply to HEAD has none either, which depends on the request.
constexpr bool status_forbids_content(int status) {
  return (status >= 100 && status <= 199) || status == 204 || status == 304;
}

}  // namespace bao::http
