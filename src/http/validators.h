#pragma once

#include <string>
#include <string_view>

namespace bao::http {

/// Whether `text` is an entity tag: quoted, perhaps with `W/` in front (RFC 9110 §8.8.3).
bool is_entity_tag(std::string_view text);

/// The weak comparison of two entity tags: equal but for `W/` (RFC 9110 §8.8.3.2). A text that is
/// no entity tag equals nothing.
bool weak_compare(std::string_view a, std::string_view b);

/// The strong comparison of two entity tags: equal, and neither is weak (RFC 9110 §8.8.3.2). A text
/// that is no entity tag equals nothing.
bool strong_compare(std::string_view a, std::string_view b);

/// A strong entity tag for content of exactly these bytes: 64 bits of a hash in hexadecimal,
/// quoted. The same bytes give the same tag in every process and on every machine. The hash is made
/// to tell versions of a resource apart, not to withstand somebody who looks for two with the same
/// tag.
std::string make_strong_etag(std::string_view bytes);

/// Whether the If-None-Match field names the current representation, whose entity tag is `etag`:
/// its list has a tag that matches by weak comparison, or it is `*` (RFC 9110 §13.1.2). True means
/// 304 for GET and HEAD and 412 for other methods. A list with a syntax error matches nothing.
/// Several fields of one request are joined by commas before.
bool if_none_match(std::string_view field_value, std::string_view etag);

/// Whether the If-Match field names the current representation, whose entity tag is `etag`: its
/// list has a tag that matches by strong comparison, or it is `*` (RFC 9110 §13.1.1). False means
/// 412. A list with a syntax error matches nothing. Several fields of one request are joined by
/// commas before.
bool if_match(std::string_view field_value, std::string_view etag);

}  // namespace bao::http
