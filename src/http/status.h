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

/// Whether a reply with this status has content on the wire (RFC 9112 section 6.3, rule 1; 205 by
/// RFC 9110 section 15.3.6).
constexpr bool reply_has_content(int status, bool head_request) {
  return !head_request && status != 205 && !status_forbids_content(status);
}

}  // namespace bao::http
