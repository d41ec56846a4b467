// Feeds arbitrary bytes to the reader of ClientHellos, whole and piece by piece as they would come.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tls/client_hello.h"

namespace bao::tls {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void fuzz_client_hello(std::string_view bytes) {
  std::string name;
  const Opening whole = read_client_hello(bytes, name);
  require(normal_host_name(name) == name);
  if (whole != Opening::hello) require(name.empty());
  // More bytes change nothing once it is decided, and fewer only that it is not.
  std::string other;
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 8) {
    const Opening part = read_client_hello(bytes.substr(0, size), other);
    if (part == Opening::incomplete) continue;
    require(part == whole && other == name);
  }
  const Opening longer = read_client_hello(std::string(bytes) + "tail", other);
  if (whole != Opening::incomplete) require(longer == whole && other == name);
}

}  // namespace
}  // namespace bao::tls

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bao::tls::fuzz_client_hello({reinterpret_cast<const char*>(data), size});
  return 0;
}
