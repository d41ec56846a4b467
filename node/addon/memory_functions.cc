#include <algorithm>
#include <array>
#include <cstdint>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "functions.h"
#include "net/file_descriptor.h"

namespace bao::node {

namespace {

struct Pages {
  uintptr_t begin;
  uintptr_t end;
};

// Whether all that is there of them is as it is in the file: a debugger or a hook may have written
// to what the program cannot write to. The kernel tells by a number for each page, of which bit 63
// means "present" and bit 61 "of a file" (its Documentation/admin-guide/mm/pagemap.rst).
bool are_clean(int page_map, Pages pages, size_t page_size) {
  std::array<uint64_t, 512> entries;
  for (size_t page = pages.begin / page_size, last = pages.end / page_size; page < last;) {
    const size_t count = std::min(entries.size(), last - page);
    const auto size = static_cast<ssize_t>(count * sizeof entries[0]);
    const auto offset = static_cast<off_t>(page * sizeof entries[0]);
    if (::pread(page_map, entries.data(), static_cast<size_t>(size), offset) != size) return false;
    for (size_t i = 0; i < count; ++i) {
      const bool present = (entries[i] >> 63) != 0;
      const bool of_file = ((entries[i] >> 61) & 1) != 0;
      if (present && !of_file) return false;
    }
    page += count;
  }
  return true;
}

void release(const dl_phdr_info& object, int page_map) {
  const auto page_size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    const Pages pages{.begin = begin / page_size * page_size,
                      .end = (begin + segment.p_memsz + page_size - 1) / page_size * page_size};
    if (!are_clean(page_map, pages, page_size)) continue;
    ::madvise(reinterpret_cast<void*>(pages.begin), pages.end - pages.begin, MADV_DONTNEED);
  }
}

}  // namespace

napi_value release_code(Call&) {
  const net::FileDescriptor page_map(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!page_map) return nullptr;
  int descriptor = page_map.get();
  const auto release_object = [](dl_phdr_info* object, size_t, void* data) {
    release(*object, *static_cast<int*>(data));
    return 0;
  };
  ::dl_iterate_phdr(release_object, &descriptor);
  return nullptr;
}

}  // namespace bao::node
