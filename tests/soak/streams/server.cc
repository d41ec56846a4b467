// The C++ server of soak.mjs: `soak_server FILE [ORIGIN]` listens on a free port of 127.0.0.1 and
// prints its URL. With an origin, a URL that ends with a slash, it is a proxy in front of that.

#include <cstdint>
#include <iostream>
#include <memory>
#include <openssl/evp.h>
#include <optional>
#include <string>

#include <bao/bao.h>

using namespace std::chrono_literals;

namespace {

/// Numbered lines, for ever.
bao::Task<> count_for_ever(bao::Writer& out) {
  for (std::uint64_t line = 0;;) {
    std::string piece;
    while (piece.size() < 16'000) {
      const std::string number = std::to_string(line++);
      piece.append(15 - number.size(), '0').append(number).push_back('\n');
    }
    co_await out.write(piece);
  }
}

using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string sha256_of(const Digest& digest) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(digest.get(), bytes, &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text.push_back("0123456789abcdef"[bytes[i] >> 4]);
    text.push_back("0123456789abcdef"[bytes[i] & 15]);
  }
  return text;
}

/// Takes the body piece by piece, with a rest behind each; tells its digest.
bao::Task<bao::Response> take_slowly(bao::Request& req) {
  const Digest digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  while (std::optional<std::string> piece = co_await req.body().next()) {
    EVP_DigestUpdate(digest.get(), piece->data(), piece->size());
    co_await bao::sleep(1ms);
  }
  co_return sha256_of(digest);
}

bao::Handler proxy_to(std::string origin) {
  return [origin = std::move(origin)](bao::Request& req) {
    return bao::fetch(bao::FetchRequest(origin + std::string(req.path().substr(1))).forward(req));
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  bao::Options options{
      .port = 0,
      .hostname = "127.0.0.1",
      .development = false,
      // A kernel that has many megabytes for what it receives asks a slow reader's peer for more
      // only when a sixteenth of them is free.
      .idle_timeout = 2min,
      .max_request_body_size = 4ull << 30,
  };
  if (argc > 2) {
    options.fetch = proxy_to(argv[2]);
  } else {
    options.routes = {{"/file", bao::file(argv[1])},
                      {"/endless", [] { return bao::Response::stream(count_for_ever); }},
                      {"/upload", bao::methods{.put = take_slowly}}};
  }
  auto server = bao::serve(std::move(options));
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}
