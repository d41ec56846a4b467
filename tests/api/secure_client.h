#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/served.h"
#include "tls/client.h"

namespace bao::testing {

/// A client that speaks TLS over a RawClient, with OpenSSL.
class SecureClient {
 public:
  explicit SecureClient(RawClient raw, const ClientOptions& options = {})
      : raw(std::move(raw)), tls(options) {}
  explicit SecureClient(const Served& served, const ClientOptions& options = {})
      : SecureClient(served.connect(), options) {}

  /// True once the handshake is done; false if it fails.
  bool connect() {
    const bool done = move([&] { return tls.handshake() || !tls.failure().empty(); });
    return done && tls.failure().empty();
  }
  void send(std::string_view text) {
    tls.send(text);
    flush();
  }
  /// Waits until `done`, moving bytes; false if the connection ends before.
  bool move(const std::function<bool()>& done) {
    return raw.wait([&] {
      take();
      const bool over = done();
      flush();
      return over;
    });
  }
  /// Waits for one reply whose body has a length.
  RawReply read_reply() {
    RawReply reply;
    size_t end = std::string::npos;
    move([&] { return (end = text.find("\r\n\r\n")) != std::string::npos; });
    if (end == std::string::npos) return reply;
    reply.head = text.substr(0, end + 2);
    reply.status = std::atoi(reply.head.c_str() + 9);
    const size_t length =
        std::strtoul(reply.field("Content-Length").value_or("0").c_str(), nullptr, 10);
    move([&] { return text.size() >= end + 4 + length; });
    reply.body = text.substr(end + 4, length);
    text.erase(0, end + 4 + length);
    return reply;
  }
  RawReply get(std::string_view path) {
    send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return read_reply();
  }
  /// Waits until the server has ended the connection; all that came is in `text`.
  void read_to_end() {
    raw.wait_for_end();
    take();
  }

  RawClient raw;
  MemoryClient tls;
  std::string text;  ///< plaintext that came

 private:
  void take() {
    const std::string& all = raw.received();
    tls.receive(std::string_view(all).substr(used_));
    used_ = all.size();
    if (SSL_is_init_finished(tls.ssl()) == 1) text += tls.take();
  }
  void flush() {
    const std::string bytes = tls.take_wire();
    if (!bytes.empty()) raw.send(bytes);
  }
  size_t used_ = 0;
};

/// An entry of `.tls` with such a certificate.
inline Tls served_by(const TestCertificate& certificate, std::string server_name = "") {
  Tls entry;
  entry.key = certificate.key().pem();
  entry.cert = certificate.pem();
  entry.server_name = std::move(server_name);
  return entry;
}

}  // namespace bao::testing
