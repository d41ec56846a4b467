#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

#include "http/request_head.h"

namespace bao::http {

/// What tells the versions of a representation apart (RFC 9110 §8.8).
struct Validators {
  std::string_view etag;                     ///< an entity tag; empty: there is none
  std::optional<std::time_t> last_modified;  ///< seconds since 1970, if it is known
};

/// What a request's preconditions come to.
enum class Precondition : uint8_t {
  passed,        ///< go on as if there were none
  not_modified,  ///< 304
  failed,        ///< 412
};

/// Whether a request may have preconditions: quick, for the many that have none.
bool may_have_preconditions(const RequestHead& head);

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since against the current
/// representation, in the order of RFC 9110 §13.2.2: an entity tag makes a date count for nothing.
/// A date that is none, or is there twice, is ignored, and so is any if the representation has none
/// (§13.1.3, §13.1.4). Call it only where the
/// reply would be a 2xx without them (§13.2.1). `now`, in seconds since 1970, is for dates with a
/// year of two digits.
Precondition evaluate_preconditions(const RequestHead& head, const Validators& current,
                                    std::time_t now);

/// The value of the Range field, if it is to be heeded; else empty. That is so for GET, if there is
/// one such field, and if If-Range is absent or names the current representation by a strong entity
/// tag (RFC 9110 §13.1.5, §14.2) or by exactly its date of modification. A date is a strong
/// validator only if the representation cannot have changed twice in that second (§8.8.2.2):
/// `date_is_strong` says so. The view points into the head.
std::string_view range_to_heed(const RequestHead& head, const Validators& current,
                               bool date_is_strong, std::time_t now);

}  // namespace bao::http
