#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "tls/openssl.h"
#include "tls/records.h"

namespace bao::tls {

/// One side of a TLS connection in memory: bytes of the wire in, plaintext out, and the other way
/// round. Knows no socket and no clock.
///
/// It is OpenSSL's connection object; and, where memory counts, that only for the handshake: the
/// object costs more than ten times what a connection needs once it is open. Then the traffic
/// secrets are taken out of it, `Records` go on with them, and it is freed.
class Engine {
 public:
  /// After `failed`, what is in the output (an alert) should still be sent.
  using Status = Records::Status;
  using ReadResult = Records::ReadResult;

  /// A server's side, by `context`. What is to be sent is appended to `output`, which outlives the
  /// engine; `output` may be emptied between calls. With `ciphers`, which outlive the engine, and a
  /// context that shares its secrets, it lets OpenSSL go as soon as the handshake is done, if that
  /// can be: with TLS 1.3, the cipher suites of `CipherSuite`, and records of any size. Throws
  /// std::bad_alloc.
  Engine(SSL_CTX& context, std::string& output, RecordCiphers* ciphers = nullptr);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Connections of this context tell their engines, and nobody else, their traffic secrets.
  static void share_secrets(SSL_CTX& context);

  /// Bytes that have come. They are used by the next calls and must stay where they are meanwhile;
  /// `rest` is what has not been used.
  void give(std::string_view input) { input_ = input; }
  std::string_view rest() const { return input_; }

  /// Goes on with the handshake.
  Status handshake();

  /// Decrypts what was given, after the handshake. Fills `buffer` as far as there is input; `bytes`
  /// may be above zero with any status.
  ReadResult read(std::span<char> buffer);
  /// Whether plaintext waits that needs no more input.
  bool has_plaintext() const {
    return ssl_ != nullptr ? SSL_pending(ssl_.get()) > 0 : records_->has_plaintext();
  }

  /// Encrypts; at most kLargestRecord bytes for one record. False if the connection has failed.
  bool write(std::string_view plaintext);
  static constexpr size_t kLargestRecord = 16 * 1024;

  /// Tells the peer that no more plaintext follows (close_notify). Does nothing after a failure.
  void finish();

  /// OpenSSL's object; null once it was let go.
  SSL* ssl() const { return ssl_.get(); }

  // What the handshake came to, once it is done.

  /// Whether a session was resumed.
  bool resumed() const;
  /// The protocol that was chosen by ALPN (RFC 7301); empty if the client offered none. Good as
  /// long as the engine.
  std::string_view protocol() const;
  /// All but the name of the server, which is the caller's to know.
  net::Security security() const;

 private:
  // The peer's certificate (DER) and what became of it.
  struct Peer {
    std::string certificate;
    long verdict;
  };
  // Facts of OpenSSL's object that outlive it.
  struct Facts {
    std::string protocol;
    std::unique_ptr<Peer> peer;  // null if it has shown no certificate
    bool resumed = false;
  };

  static const BIO_METHOD* method();
  static int on_read(BIO* bio, char* buffer, size_t size, size_t* count);
  static int on_write(BIO* bio, const char* bytes, size_t size, size_t* count);
  static long on_control(BIO* bio, int command, long number, void* pointer);
  static void on_secret(const SSL* ssl, const char* line);
  void take_secret(std::string_view line);
  bool may_let_go() const;
  void let_go(std::string_view written);
  std::unique_ptr<Peer> find_peer() const;
  Status status_of(int result);

  std::string& output_;
  std::string_view input_;
  RecordCiphers* ciphers_;
  bool failed_ = false;
  bool finished_ = false;
  ConnectionPointer ssl_;
  // Gathers the secrets during the handshake. What carries the connection when `ssl_` is null.
  std::unique_ptr<Records> records_;
  Facts facts_;
};

}  // namespace bao::tls
