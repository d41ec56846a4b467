#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tls/record_ciphers.h"
#include "tls/traffic_keys.h"

namespace bao::tls {

/// A server's connection of TLS 1.3 after its handshake: records in both directions (RFC 8446
/// section 5), changes of keys (4.6.3) and alerts (6). Bytes in, bytes out; knows no socket and no
/// clock. While it is idle it is these few hundred bytes.
class Records {
 public:
  enum class Status : uint8_t {
    ok,
    want_input,  ///< go on when more bytes of the wire are given
    end,         ///< the peer has sent its close_notify: what else comes is ignored
    failed,      ///< the peer broke the protocol, which an alert tells it, or it has sent an alert
  };
  struct ReadResult {
    Status status;
    size_t bytes;
  };

  /// `ciphers` outlive this.
  explicit Records(RecordCiphers& ciphers) : ciphers_(ciphers) {}
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  ~Records() { forget(); }

  /// Begins with the client's application traffic secret. False: it cannot be used.
  bool start_reading(CipherSuite suite, std::span<const uint8_t> secret) {
    return reading_.start(suite, secret);
  }
  /// Begins with the server's. False: it cannot be used.
  bool start_writing(CipherSuite suite, std::span<const uint8_t> secret) {
    return writing_.start(suite, secret);
  }
  /// Whether it has both, of one suite that OpenSSL's ciphers can protect.
  bool ready() const;
  CipherSuite suite() const { return writing_.suite(); }
  /// Somebody else has sent records under these keys.
  void skip_written(uint64_t records) { writing_.skip(records); }

  /// Decrypts `input`, from which is taken what was used: all of it, unless `buffer` is full. What
  /// comes before a fault is given first: `bytes` may be above zero with any status. Answers to
  /// changes of keys, and alerts, are appended to `output`. Throws std::bad_alloc.
  ReadResult read(std::string_view& input, std::span<char> buffer, std::string& output);
  /// Whether plaintext waits that needs no more input.
  bool has_plaintext() const { return holds_plaintext_; }

  /// Appends one record with at most kLargestContent bytes to `output`, and a change of keys before
  /// it where that is due. False if the connection has failed or is finished. Throws
  /// std::bad_alloc.
  bool write(std::string_view plaintext, std::string& output);

  /// Appends close_notify: nothing is written any more. Does nothing after a failure.
  void finish(std::string& output);

 private:
  // RFC 8446 section 6
  enum class Alert : uint8_t {
    close_notify = 0,
    unexpected_message = 10,
    bad_record_mac = 20,
    record_overflow = 22,
    illegal_parameter = 47,
    decode_error = 50,
    internal_error = 80,
    user_canceled = 90,
  };

  size_t give_held(std::span<char> buffer);
  std::string_view next_record(std::string_view& input, std::string& output);
  size_t use(std::string_view record, std::span<char> buffer, std::string& output);
  void use_alert(std::string_view content, std::string& output);
  void use_handshake(std::string_view content, std::string& output);
  void use_key_update(bool asked, std::string& output);
  bool change_writing(std::string& output);
  size_t fail(Alert reason, std::string& output);
  void forget();

  RecordCiphers& ciphers_;
  TrafficKeys reading_;
  TrafficKeys writing_;
  // A record that has not come whole; or plaintext that found no room, from `given_` on.
  std::string held_;
  uint16_t given_ = 0;
  bool holds_plaintext_ = false;
  uint8_t of_key_update_ = 0;  // how much of a KeyUpdate has come, in a record before
  bool ended_ = false;
  bool failed_ = false;
  bool finished_ = false;
};

}  // namespace bao::tls
