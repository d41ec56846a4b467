#pragma once

#include <string_view>

namespace bao::http {

/// Whether a field of that name may stand in a trailer section. Those that decide about framing,
/// routing, authentication, caching or the representation may not (RFC 9110 section 6.5.1): a
/// recipient that merged them into the head would read the message anew.
bool may_be_trailer(std::string_view name);

}  // namespace bao::http
