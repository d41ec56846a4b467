// Feeds bytes to the records of a TLS connection: as they are, and as the inside of records that
// are protected as they should be, so that what stands behind the protection is reached, too. The
// first byte chooses the cipher, how the bytes are cut and how much room there is; then each step
// has a byte that says what it is and, mostly, one for its size.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tls/record_peer.h"
#include "tls/records.h"

namespace bao::tls {
namespace {

using testing::RecordPeer;
using Status = Records::Status;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Result {
  Status status = Status::want_input;
  std::string text;
  std::string output;
};

// What the client says, and where the server says something: at the ends of these pieces.
std::vector<std::string> said_by_client(CipherSuite suite, std::string_view steps) {
  RecordPeer peer(suite);
  std::vector<std::string> pieces(1);
  while (steps.size() >= 2) {
    const auto step = static_cast<uint8_t>(steps[0]);
    const size_t size = std::min<size_t>(static_cast<uint8_t>(steps[1]), steps.size() - 2);
    const std::string_view bytes = steps.substr(2, size);
    steps.remove_prefix(2 + size);
    std::string& piece = pieces.back();
    switch (step % 8) {
      case 0: piece += bytes; break;
      case 1: piece += peer.seal_inner(bytes); break;
      case 2: piece += peer.seal(23, bytes, step / 8); break;
      case 3: piece += peer.seal(22, bytes, step / 8); break;
      case 4: piece += peer.seal(21, bytes); break;
      case 5: piece += peer.key_update(step >= 128); break;
      case 6: peer.update_sending(); break;
      case 7: pieces.emplace_back(); break;
    }
  }
  return pieces;
}

Result run(RecordCiphers& ciphers, CipherSuite suite, const std::vector<std::string>& pieces,
           size_t most, size_t room) {
  Records records(ciphers);
  RecordPeer::start(records, suite);
  Result result;
  std::string buffer(room, '\0');
  for (const std::string& piece : pieces) {
    for (size_t at = 0; at < piece.size(); at += most) {
      std::string_view input = std::string_view(piece).substr(at, most);
      Records::ReadResult read{};
      do {
        read = records.read(input, {buffer.data(), buffer.size()}, result.output);
        require(read.bytes <= room);
        require(read.status != Status::ok || read.bytes == room);
        result.text.append(buffer, 0, read.bytes);
      } while (read.status == Status::ok);
      require(input.empty() && !records.has_plaintext());
      result.status = read.status;
    }
    // Written once for each piece, whatever the pieces of input were.
    const bool written = records.write("text", result.output);
    require(written == (result.status != Status::failed));
  }
  records.finish(result.output);
  return result;
}

void fuzz_tls_records(uint8_t choice, std::string_view steps) {
  const auto suite = static_cast<CipherSuite>(choice % 3);
  RecordCiphers ciphers;
  ciphers.most_for_a_key = 5;
  const std::vector<std::string> pieces = said_by_client(suite, steps);
  const Result whole = run(ciphers, suite, pieces, SIZE_MAX / 2, 64 * 1024);
  const Result other = run(ciphers, suite, pieces, 1 + choice / 3, 1 + choice % 31);
  require(whole.status == other.status && whole.text == other.text);
  require(whole.output == other.output);
  // The client understands all of it, and an alert is the last of it.
  const auto records = RecordPeer(suite).open(whole.output);
  for (size_t i = 0; i < records.size(); ++i) {
    require(records[i].type == 21 ? i + 1 == records.size() && records[i].content.size() == 2
                                  : records[i].type == 22 || records[i].content == "text");
  }
  if (whole.status != Status::failed) require(!records.empty() && records.back().type == 21);
}

}  // namespace
}  // namespace bao::tls

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  bao::tls::fuzz_tls_records(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
