#pragma once

#include <cstddef>
#include <string_view>

namespace bao::websocket {

/// Texts from this size on are worth `check_wide`.
inline constexpr size_t kWorthWide = 64;

/// Checks the front of a text, which begins with a character, in whole vectors. Returns how many
/// bytes are right and end with a character; npos if something among those that were looked at
/// cannot be. What is left is shorter than one vector and four bytes. Returns 0 if the processor
/// has no vectors for it.
size_t check_wide(std::string_view text);

}  // namespace bao::websocket
