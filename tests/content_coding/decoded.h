#pragma once

#include <brotli/decode.h>
#include <string>
#include <string_view>
#include <zlib.h>
#include <zstd.h>

#include "http/accept_encoding.h"

namespace bao::testing {

/// What zlib makes of it; "" and `whole` false if it is not gzip. `window` as of inflateInit2.
inline std::string inflated(std::string_view encoded, bool* whole = nullptr, int window = 15 + 16) {
  z_stream state{};
  ::inflateInit2(&state, window);
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(encoded.data()));
  state.avail_in = static_cast<uInt>(encoded.size());
  std::string decoded;
  char buffer[4096];
  int result;
  do {
    state.next_out = reinterpret_cast<Bytef*>(buffer);
    state.avail_out = sizeof buffer;
    result = ::inflate(&state, Z_NO_FLUSH);
    decoded.append(buffer, sizeof buffer - state.avail_out);
  } while (result == Z_OK && (state.avail_in > 0 || state.avail_out == 0));
  ::inflateEnd(&state);
  if (whole != nullptr) *whole = result == Z_STREAM_END && state.avail_in == 0;
  return decoded;
}

inline std::string unbrotlied(std::string_view encoded, bool* whole = nullptr) {
  BrotliDecoderState* state = ::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* next = reinterpret_cast<const uint8_t*>(encoded.data());
  size_t left = encoded.size();
  std::string decoded;
  BrotliDecoderResult result;
  do {
    size_t no_room = 0;
    result = ::BrotliDecoderDecompressStream(state, &left, &next, &no_room, nullptr, nullptr);
    size_t size = 0;
    const uint8_t* output = ::BrotliDecoderTakeOutput(state, &size);
    decoded.append(reinterpret_cast<const char*>(output), size);
  } while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
  ::BrotliDecoderDestroyInstance(state);
  if (whole != nullptr) *whole = result == BROTLI_DECODER_RESULT_SUCCESS && left == 0;
  return decoded;
}

inline std::string unzstd(std::string_view encoded, bool* whole = nullptr) {
  ZSTD_DCtx* state = ::ZSTD_createDCtx();
  ZSTD_inBuffer input{encoded.data(), encoded.size(), 0};
  std::string decoded;
  char buffer[4096];
  size_t left = 1;
  bool full = true;
  while (full || input.pos < input.size) {
    ZSTD_outBuffer output{buffer, sizeof buffer, 0};
    left = ::ZSTD_decompressStream(state, &output, &input);
    if (::ZSTD_isError(left)) break;
    decoded.append(buffer, output.pos);
    full = output.pos == sizeof buffer;
  }
  ::ZSTD_freeDCtx(state);
  if (whole != nullptr) *whole = left == 0;
  return decoded;
}

/// What the reference decoders make of it. `whole` is whether it ends where the coding does.
inline std::string decoded(http::Coding coding, std::string_view encoded, bool* whole = nullptr) {
  if (coding == http::Coding::brotli) return unbrotlied(encoded, whole);
  if (coding == http::Coding::zstd) return unzstd(encoded, whole);
  return inflated(encoded, whole);
}

}  // namespace bao::testing
