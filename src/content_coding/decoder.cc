#include "content_coding/decoder.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <string_view>
#include <zlib.h>

namespace bao::content_coding {

namespace {

constexpr size_t kRoom = 16 * 1024;
// zlib's largest window, and what is added to or taken from it for the format.
constexpr int kWindow = 15;
constexpr int kGzip = kWindow + 16;
constexpr int kBare = -kWindow;

class Inflater final : public http::BodyFilter {
 public:
  explicit Inflater(http::Coding coding) : gzip_(coding == http::Coding::gzip) {
    if (::inflateInit2(&state_, gzip_ ? kGzip : kWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() override { ::inflateEnd(&state_); }

  void put(std::string_view encoded) override {
    waiting_.erase(0, used_);
    used_ = 0;
    waiting_.append(encoded);
  }

  Status decode(size_t room, std::string& decoded) override {
    if (!begun_ && !begin()) return Status::more;
    std::array<char, kRoom> buffer;
    while (room > 0) {
      const size_t most = std::min(room, buffer.size());
      state_.next_in = reinterpret_cast<Bytef*>(waiting_.data() + used_);
      state_.avail_in = static_cast<uInt>(waiting_.size() - used_);
      state_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      state_.avail_out = static_cast<uInt>(most);
      if (ended_) {
        if (state_.avail_in == 0) return Status::more;
        // Another member (RFC 1952 section 2.2); nothing may stand behind zlib's end.
        if (!gzip_) return Status::malformed;
        ::inflateReset(&state_);
        ended_ = false;
      }
      const int result = ::inflate(&state_, Z_NO_FLUSH);
      used_ = waiting_.size() - state_.avail_in;
      const size_t count = most - state_.avail_out;
      decoded.append(buffer.data(), count);
      room -= count;
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return Status::malformed;
      }
      ended_ = result == Z_STREAM_END;
      if (!ended_ && state_.avail_in == 0 && count < most) return Status::more;
    }
    return Status::full;
  }

  bool at_end() const override {
    return (ended_ || (!begun_ && waiting_.empty())) && used_ == waiting_.size();
  }

 private:
  // Looks which of the two that are called deflate it is (RFC 1950 section 2.2). False if not
  // enough is here to tell.
  bool begin() {
    if (waiting_.size() < 2) return false;
    const auto method = static_cast<unsigned char>(waiting_[0]);
    const auto flags = static_cast<unsigned char>(waiting_[1]);
    const bool zlib = (method & 15) == Z_DEFLATED && (method * 256 + flags) % 31 == 0;
    if (!gzip_ && !zlib) ::inflateReset2(&state_, kBare);
    begun_ = true;
    return true;
  }

  z_stream state_{};
  std::string waiting_;
  size_t used_ = 0;  // of what waits
  const bool gzip_;
  bool begun_ = false;
  bool ended_ = false;  // a member, and nothing of another is here yet
};

}  // namespace

std::unique_ptr<http::BodyFilter> make_decoder(http::Coding coding) {
  return std::make_unique<Inflater>(coding);
}

}  // namespace bao::content_coding
