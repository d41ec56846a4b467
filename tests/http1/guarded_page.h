#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace bao::testing {

/// Memory in front of a page that may not be touched: a parser that reads one byte past its input
/// crashes, whatever the sanitizer.
class GuardedPage {
 public:
  /// Room for `capacity` bytes.
  explicit GuardedPage(std::size_t capacity) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    room_ = (capacity + page) / page * page;
    mapped_ = room_ + page;
    void* memory =
        ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    block_ = static_cast<char*>(memory);
    if (::mprotect(block_ + room_, page, PROT_NONE) != 0) std::abort();
  }
  GuardedPage(const GuardedPage&) = delete;
  GuardedPage& operator=(const GuardedPage&) = delete;
  ~GuardedPage() { ::munmap(block_, mapped_); }

  /// A copy of `text` whose last byte is the last one that may be read. Good until the next call.
  std::string_view place(std::string_view text) {
    if (text.size() > room_) std::abort();
    char* to = block_ + room_ - text.size();
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

 private:
  char* block_ = nullptr;
  std::size_t room_ = 0;
  std::size_t mapped_ = 0;
};

}  // namespace bao::testing
