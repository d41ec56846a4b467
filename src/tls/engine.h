#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tls/openssl.h"

namespace bao::tls {

/// One side of a TLS connection in memory: bytes of the wire in, plaintext out, and the other way
/// round. Knows no socket and no clock.
class Engine {
 public:
  enum class Status : uint8_t {
    ok,
    want_input,  ///< go on when more bytes of the wire are given
    end,         ///< the peer has sent its close_notify: no plaintext follows
    failed,      ///< the peer broke the protocol, or OpenSSL failed; what is in `output` (an alert)
                 ///< should still be sent
  };

  /// A server's side, by `context`. What is to be sent is appended to `output`, which outlives the
  /// engine; `output` may be emptied between calls. Throws std::bad_alloc.
  Engine(SSL_CTX& context, std::string& output);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Bytes that have come. They are used by the next calls and must stay where they are meanwhile;
  /// `rest` is what has not been used.
  void give(std::string_view input) { input_ = input; }
  std::string_view rest() const { return input_; }

  /// Goes on with the handshake.
  Status handshake();

  /// Decrypts what was given, after the handshake. Fills `buffer` as far as there is input; `bytes`
  /// may be above zero with any status.
  struct ReadResult {
    Status status;
    size_t bytes;
  };
  ReadResult read(std::span<char> buffer);
  /// Whether plaintext waits that needs no more input.
  bool has_plaintext() const { return SSL_pending(ssl_.get()) > 0; }

  /// Encrypts; at most kLargestRecord bytes for one record. False if the connection has failed.
  bool write(std::string_view plaintext);
  static constexpr size_t kLargestRecord = 16 * 1024;

  /// Tells the peer that no more plaintext follows (close_notify). Does nothing after a failure.
  void finish();

  SSL* ssl() const { return ssl_.get(); }

 private:
  static const BIO_METHOD* method();
  static int on_read(BIO* bio, char* buffer, size_t size, size_t* count);
  static int on_write(BIO* bio, const char* bytes, size_t size, size_t* count);
  static long on_control(BIO* bio, int command, long number, void* pointer);
  Status status_of(int result);

  std::string& output_;
  std::string_view input_;
  bool failed_ = false;
  bool finished_ = false;
  ConnectionPointer ssl_;
};

}  // namespace bao::tls
