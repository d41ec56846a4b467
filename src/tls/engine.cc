#include "tls/engine.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <openssl/err.h>

namespace bao::tls {

namespace {
// OpenSSL must find no error of an earlier call in its queue, which is the thread's. Clearing an
// empty one costs as much as a full one, looking hardly anything.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}
}  // namespace

Engine::Engine(SSL_CTX& context, std::string& output, RecordCiphers* ciphers)
    : output_(output), ciphers_(ciphers), ssl_(SSL_new(&context)) {
  BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

// OpenSSL counts kinds of BIOs for each program; this one is made once and never changes.
const BIO_METHOD* Engine::method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bao");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, on_read);
    BIO_meth_set_write_ex(made, on_write);
    BIO_meth_set_ctrl(made, on_control);
    return made;
  }();
  return method;
}

int Engine::on_read(BIO* bio, char* buffer, size_t size, size_t* count) {
  auto* self = static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *count = std::min(size, self->input_.size());
  std::memcpy(buffer, self->input_.data(), *count);
  self->input_.remove_prefix(*count);
  return 1;
}

int Engine::on_write(BIO* bio, const char* bytes, size_t size, size_t* count) {
  static_cast<Engine*>(BIO_get_data(bio))->output_.append(bytes, size);
  *count = size;
  return 1;
}

long Engine::on_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

Engine::Status Engine::status_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Status::ok;
    case SSL_ERROR_WANT_READ: return Status::want_input;
    case SSL_ERROR_ZERO_RETURN: return Status::end;
    default:
      failed_ = true;
      ERR_clear_error();
      return Status::failed;
  }
}

Engine::Status Engine::handshake() {
  if (failed_) return Status::failed;
  clear_errors();
  const size_t before = output_.size();
  const Status status = status_of(SSL_do_handshake(ssl_.get()));
  if (status == Status::ok && ciphers_ != nullptr) {
    let_go(std::string_view(output_).substr(before));
  }
  return status;
}

Engine::ReadResult Engine::read(std::span<char> buffer) {
  if (ssl_ == nullptr) return records_->read(input_, buffer, output_);
  size_t total = 0;
  while (total < buffer.size()) {
    if (failed_) return {Status::failed, total};
    size_t count = 0;
    clear_errors();
    const int result =
        SSL_read_ex(ssl_.get(), buffer.data() + total, buffer.size() - total, &count);
    total += count;
    if (result != 1) return {status_of(result), total};
    // OpenSSL takes one record at a time, so it would find nothing, and make a buffer for that.
    if (input_.empty() && !has_plaintext()) return {Status::want_input, total};
  }
  return {Status::ok, total};
}

bool Engine::write(std::string_view plaintext) {
  if (ssl_ == nullptr) return records_->write(plaintext, output_);
  if (failed_ || finished_) return false;
  clear_errors();
  // More than one record if the client has asked for small ones (RFC 6066 section 4).
  while (!plaintext.empty()) {
    size_t count = 0;
    if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &count) != 1) {
      failed_ = true;
      ERR_clear_error();
      return false;
    }
    plaintext.remove_prefix(count);
  }
  return true;
}

void Engine::finish() {
  if (ssl_ == nullptr) return records_->finish(output_);
  if (failed_ || finished_ || SSL_in_init(ssl_.get())) return;
  finished_ = true;
  clear_errors();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

// ---- Facts

bool Engine::resumed() const {
  return ssl_ != nullptr ? SSL_session_reused(ssl_.get()) == 1 : facts_.resumed;
}

std::string_view Engine::protocol() const {
  if (ssl_ == nullptr) return facts_.protocol;
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::unique_ptr<Engine::Peer> Engine::find_peer() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return nullptr;
  auto peer = std::make_unique<Peer>();
  const int size = i2d_X509(certificate, nullptr);
  peer->certificate.resize(static_cast<size_t>(std::max(size, 0)));
  auto* to = reinterpret_cast<unsigned char*>(peer->certificate.data());
  if (size > 0) i2d_X509(certificate, &to);
  peer->verdict = SSL_get_verify_result(ssl_.get());
  return peer;
}

net::Security Engine::security() const {
  net::Security facts;
  facts.protocol = ssl_ != nullptr ? SSL_get_version(ssl_.get()) : "TLSv1.3";
  facts.cipher = ssl_ != nullptr ? SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get()))
                                 : standard_name(records_->suite());
  const auto found = ssl_ != nullptr ? find_peer() : nullptr;
  const Peer* peer = ssl_ != nullptr ? found.get() : facts_.peer.get();
  if (peer == nullptr) return facts;
  facts.peer_certificate = peer->certificate;
  facts.authorized = peer->verdict == X509_V_OK;
  if (!facts.authorized) facts.authorization_error = X509_verify_cert_error_string(peer->verdict);
  return facts;
}

}  // namespace bao::tls
