#pragma once

#include <string_view>

namespace bao::http {

/// Whether content of that media type becomes much smaller by a content coding: text, JSON, XML,
/// scripts, fonts and pictures that are not compressed by themselves. Parameters and the case of
/// letters do not matter. False for types that nobody knows, and for no type.
bool is_compressible(std::string_view media_type);

}  // namespace bao::http
