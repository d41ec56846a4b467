#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bao::websocket {

/// The key that a client's frame is masked with, in the order of the wire (RFC 6455 section 5.3).
using MaskKey = std::array<uint8_t, 4>;

/// Masks or unmasks `bytes` where they lie: byte i is combined with key byte (`offset` + i) mod 4.
/// Works on wide words whatever the alignment. True if all that came out is ASCII, which is seen on
/// the way at next to no cost and spares a text the check of its UTF-8.
bool apply_mask(std::span<char> bytes, MaskKey key, uint64_t offset);

}  // namespace bao::websocket
