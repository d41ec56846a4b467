#include "content_coding/encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <brotli/encode.h>
#include <cassert>
#include <new>
#include <zlib.h>
#include <zstd.h>

namespace bao::content_coding {

namespace {

// What is gathered of output at a time, on the stack.
constexpr size_t kRoom = 16 * 1024;

// Windows in bits. Content of one reply is mostly small, streams are many: larger windows gain some
// percent and cost memory for each. Zstandard's largest is what RFC 9659 allows on the web.
constexpr int kGzipWindow = 15;
constexpr int kBrotliWindow = 18;
constexpr int kZstdWindow = 18;
constexpr int kBrotliWindowOnce = 22;
constexpr int kZstdWindowOnce = 23;

// How many bits count `size` things, within bounds.
int bits_for(std::optional<uint64_t> size, int least, int most) {
  if (!size) return most;
  return std::clamp(static_cast<int>(std::bit_width(*size)), least, most);
}

class GzipEncoder final : public Encoder {
 public:
  GzipEncoder(Effort effort, std::optional<uint64_t> size) {
    constexpr int kWithGzipFraming = 16;
    const int window = bits_for(size, 9, kGzipWindow);
    const int level = effort == Effort::once ? 9 : 6;
    const int memory = std::clamp(window - 7, 1, 8);
    if (::deflateInit2(&state_, level, Z_DEFLATED, window + kWithGzipFraming, memory,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipEncoder() override { ::deflateEnd(&state_); }

  void encode(std::string_view piece, After after, std::string& encoded) override {
    // zlib counts in 32 bits.
    constexpr size_t kMost = size_t{1} << 30;
    while (piece.size() > kMost) {
      run(piece.substr(0, kMost), Z_NO_FLUSH, encoded);
      piece.remove_prefix(kMost);
    }
    run(piece,
        after == After::end     ? Z_FINISH
        : after == After::flush ? Z_SYNC_FLUSH
                                : Z_NO_FLUSH,
        encoded);
  }

 private:
  void run(std::string_view piece, int flush, std::string& encoded) {
    std::array<char, kRoom> room;
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    state_.avail_in = static_cast<uInt>(piece.size());
    do {
      state_.next_out = reinterpret_cast<Bytef*>(room.data());
      state_.avail_out = static_cast<uInt>(room.size());
      [[maybe_unused]] const int result = ::deflate(&state_, flush);
      assert(result != Z_STREAM_ERROR);
      encoded.append(room.data(), room.size() - state_.avail_out);
    } while (state_.avail_out == 0);
  }

  z_stream state_{};
};

class BrotliEncoder final : public Encoder {
 public:
  BrotliEncoder(Effort effort, std::optional<uint64_t> size)
      : state_(::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
    const bool once = effort == Effort::once;
    // The last levels take a second for each megabyte.
    const bool small = size && *size <= 128 * 1024;
    set(BROTLI_PARAM_QUALITY, once ? (small ? 11 : 9) : 4);
    set(BROTLI_PARAM_LGWIN,
        static_cast<uint32_t>(
            bits_for(size, BROTLI_MIN_WINDOW_BITS + 1, once ? kBrotliWindowOnce : kBrotliWindow)));
    if (size)
      set(BROTLI_PARAM_SIZE_HINT, static_cast<uint32_t>(std::min<uint64_t>(*size, 1 << 30)));
  }
  ~BrotliEncoder() override { ::BrotliEncoderDestroyInstance(state_); }
  BrotliEncoder(const BrotliEncoder&) = delete;
  BrotliEncoder& operator=(const BrotliEncoder&) = delete;

  void encode(std::string_view piece, After after, std::string& encoded) override {
    const BrotliEncoderOperation operation = after == After::end     ? BROTLI_OPERATION_FINISH
                                             : after == After::flush ? BROTLI_OPERATION_FLUSH
                                                                     : BROTLI_OPERATION_PROCESS;
    const auto* next = reinterpret_cast<const uint8_t*>(piece.data());
    size_t left = piece.size();
    size_t no_room = 0;
    do {
      if (!::BrotliEncoderCompressStream(state_, operation, &left, &next, &no_room, nullptr,
                                         nullptr)) {
        throw std::bad_alloc();
      }
      size_t size = 0;
      const uint8_t* output = ::BrotliEncoderTakeOutput(state_, &size);
      encoded.append(reinterpret_cast<const char*>(output), size);
    } while (left > 0 || ::BrotliEncoderHasMoreOutput(state_));
  }

 private:
  void set(BrotliEncoderParameter parameter, uint32_t value) {
    ::BrotliEncoderSetParameter(state_, parameter, value);
  }

  BrotliEncoderState* state_;
};

class ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder(Effort effort, std::optional<uint64_t> size) : state_(::ZSTD_createCCtx()) {
    if (state_ == nullptr) throw std::bad_alloc();
    const bool once = effort == Effort::once;
    set(ZSTD_c_compressionLevel, once ? 19 : 3);
    set(ZSTD_c_windowLog, bits_for(size, 10, once ? kZstdWindowOnce : kZstdWindow));
    if (size) ::ZSTD_CCtx_setPledgedSrcSize(state_, *size);
  }
  ~ZstdEncoder() override { ::ZSTD_freeCCtx(state_); }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;

  void encode(std::string_view piece, After after, std::string& encoded) override {
    const ZSTD_EndDirective directive = after == After::end     ? ZSTD_e_end
                                        : after == After::flush ? ZSTD_e_flush
                                                                : ZSTD_e_continue;
    std::array<char, kRoom> room;
    ZSTD_inBuffer input{piece.data(), piece.size(), 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer output{room.data(), room.size(), 0};
      const size_t left = ::ZSTD_compressStream2(state_, &output, &input, directive);
      if (::ZSTD_isError(left)) throw std::bad_alloc();
      encoded.append(room.data(), output.pos);
      done = after == After::more ? input.pos == input.size : left == 0;
    }
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    ::ZSTD_CCtx_setParameter(state_, parameter, value);
  }

  ZSTD_CCtx* state_;
};

}  // namespace

std::unique_ptr<Encoder> Encoder::make(http::Coding coding, Effort effort,
                                       std::optional<uint64_t> size) {
  switch (coding) {
    case http::Coding::brotli: return std::make_unique<BrotliEncoder>(effort, size);
    case http::Coding::zstd: return std::make_unique<ZstdEncoder>(effort, size);
    case http::Coding::gzip: break;
    case http::Coding::identity:
    case http::Coding::deflate: assert(false && "no coding of replies"); break;
  }
  return std::make_unique<GzipEncoder>(effort, size);
}

std::string encode(http::Coding coding, Effort effort, std::string_view content) {
  std::string encoded;
  Encoder::make(coding, effort, content.size())->encode(content, After::end, encoded);
  return encoded;
}

}  // namespace bao::content_coding
