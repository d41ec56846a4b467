#pragma once

#include <cstdint>
#include <string_view>

namespace bao::websocket {

/// Checks UTF-8 that comes in pieces (RFC 3629): no overlong forms, no surrogates, nothing above
/// U+10FFFF. Fails at the first byte that no continuation could mend, which RFC 6455 section 8.1
/// allows and impatient peers expect. Runs of ASCII are skipped in wide words.
class Utf8Validator {
 public:
  /// Takes the next piece. False from the first byte on that cannot be.
  bool feed(std::string_view piece);

  /// Whether what came so far is whole: no character is cut at the end.
  bool complete() const { return needed_ == 0; }

  /// Ready for another text.
  void reset() { *this = Utf8Validator(); }

 private:
  bool begin(uint8_t byte);

  uint8_t needed_ = 0;  // continuation bytes that are missing
  uint8_t low_ = 0x80;  // what the next one may be
  uint8_t high_ = 0xbf;
};

/// Whether all of `text` is UTF-8.
bool is_utf8(std::string_view text);

}  // namespace bao::websocket
