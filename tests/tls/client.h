#pragma once

#include <cstddef>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <utility>

#include "tls/certificates.h"

// The client's end of TLS in memory.
namespace bao::testing {

/// How a client behaves.
struct ClientOptions {
  std::string server_name = "localhost";  ///< empty: it names none
  std::string alpn = "\x08http/1.1";      ///< on the wire; empty: it offers none
  const TestCertificate* certificate = nullptr;
  SSL_SESSION* session = nullptr;  ///< that it wants to resume
  int min_version = 0;
  int max_version = 0;
  std::string ciphers = "";
};

/// What OpenSSL says as a client. It trusts everybody: which certificate came, a test looks up.
class MemoryClient {
 public:
  explicit MemoryClient(const ClientOptions& options = {})
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX* context = context_.get();
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
      auto* self = static_cast<MemoryClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->session_ = std::shared_ptr<SSL_SESSION>(session, SSL_SESSION_free);
      return 1;
    });
    SSL_CTX_set_min_proto_version(context, options.min_version);
    SSL_CTX_set_max_proto_version(context, options.max_version);
    if (!options.ciphers.empty()) {
      require(SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) == 1);
    }
    if (options.certificate != nullptr) {
      require(SSL_CTX_use_certificate(context, options.certificate->get()) == 1);
      require(SSL_CTX_use_PrivateKey(context, options.certificate->key().get()) == 1);
    }
    ssl_ = std::shared_ptr<SSL>(SSL_new(context), SSL_free);
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    if (!options.server_name.empty()) {
      SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
    }
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned>(options.alpn.size()));
    }
    if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session);
  }

  /// Bytes of the wire, from the server.
  void receive(std::string_view bytes) {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  }
  /// Bytes for the wire, since the last call.
  std::string take_wire() {
    std::string bytes;
    char buffer[16384];
    int count = 0;
    while ((count = BIO_read(SSL_get_wbio(ssl_.get()), buffer, sizeof buffer)) > 0) {
      bytes.append(buffer, static_cast<std::size_t>(count));
    }
    return bytes;
  }
  /// Goes on with the handshake. True once it is done.
  bool handshake() {
    ERR_clear_error();
    note(SSL_do_handshake(ssl_.get()));
    return SSL_is_init_finished(ssl_.get()) == 1;
  }
  void send(std::string_view plaintext) {
    std::size_t sent = 0;
    ERR_clear_error();
    require(SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &sent) == 1);
  }
  /// The plaintext that has come since the last call.
  std::string take() {
    std::string text;
    char buffer[16384];
    std::size_t count = 0;
    ERR_clear_error();
    int result = 0;
    while ((result = SSL_read_ex(ssl_.get(), buffer, sizeof buffer, &count)) == 1) {
      text.append(buffer, count);
    }
    note(result);
    return text;
  }
  /// Says close_notify.
  void finish() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  /// True once the server has said close_notify.
  bool server_finished() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  /// Why the handshake or the connection failed, in OpenSSL's words; empty if it did not.
  const std::string& failure() const { return failure_; }

  SSL* ssl() const { return ssl_.get(); }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  /// The newest session, for another client to resume.
  SSL_SESSION* session() const { return session_.get(); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  /// The common name in the server's certificate.
  std::string server_common_name() const {
    X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    return name;
  }

 private:
  void note(int result) {
    if (result == 1) return;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN) return;
    const unsigned long code = ERR_peek_error();
    const char* reason = ERR_reason_error_string(code);
    if (failure_.empty()) failure_ = reason != nullptr ? reason : "unknown";
    ERR_clear_error();
  }

  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  std::shared_ptr<SSL_SESSION> session_;
  std::string failure_;
};

}  // namespace bao::testing
