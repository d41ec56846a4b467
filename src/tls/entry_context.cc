#include <algorithm>
#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "http/displayed_text.h"
#include "tls/context.h"
#include "tls/engine.h"

// One entry's options as a context of OpenSSL's.
namespace bao::tls {

namespace {

// AEADs with forward secrecy, all that a client of the last ten years wants.
constexpr std::string_view kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// Behind them, for whoever gives Diffie-Hellman parameters.
constexpr std::string_view kDheCiphers =
    ":DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

[[noreturn]] void refuse(const Entry& entry, std::string_view member, const std::string& fault) {
  const std::string option = entry.option + "." + std::string(member);
  throw OptionError(option, "Option " + option + " " + fault);
}

[[noreturn]] void refuse(const Pem& pem, const std::string& fault) {
  throw OptionError(pem.option, "Option " + pem.option + " " + fault);
}

// RFC 7301 section 3.2: of what the client offers we speak HTTP/1; if it offers nothing of that it
// is told so.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kSpoken[] = "\x08http/1.1\x08http/1.0";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kSpoken, sizeof kSpoken - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// The result of the verification is kept, for the handler to judge.
int accept_any(int, X509_STORE_CTX*) {
  return 1;
}

void set_versions(SSL_CTX& context, const Entry& entry, const EntryNames& names) {
  const int low = entry.min_version == 0 ? kTls12 : entry.min_version;
  for (auto [version, name] : {std::pair(entry.min_version, names.min_version),
                               std::pair(entry.max_version, names.max_version)}) {
    if (version == 0 || (version >= kTls10 && version <= kTls13)) continue;
    refuse(entry, name, "is " + std::to_string(version) + ": give TLS 1.2 or TLS 1.3");
  }
  if (entry.max_version != 0 && entry.max_version < low) {
    refuse(entry, names.max_version,
           "is older than " + entry.option + "." + std::string(names.min_version) +
               (entry.min_version == 0 ? ", which is TLS 1.2 if it is not given" : "") +
               ": give the same version or a newer one");
  }
  SSL_CTX_set_min_proto_version(&context, low);
  SSL_CTX_set_max_proto_version(&context, entry.max_version);
}

// Node's way: names of TLS 1.3 stand in the same list.
void set_ciphers(SSL_CTX& context, const Entry& entry, const EntryNames& names) {
  std::string older;
  std::string newest;
  for (size_t at = 0; at < entry.ciphers.size();) {
    const size_t end = std::min(entry.ciphers.find(':', at), entry.ciphers.size());
    const std::string_view name = std::string_view(entry.ciphers).substr(at, end - at);
    std::string& list = name.starts_with("TLS_") ? newest : older;
    if (!name.empty()) list.append(list.empty() ? "" : ":").append(name);
    at = end + 1;
  }
  if (entry.ciphers.empty()) {
    older = kCiphers;
    if (entry.dh_params) older.append(kDheCiphers);
  }
  const bool old_ones_fit = older.empty() || SSL_CTX_set_cipher_list(&context, older.c_str()) == 1;
  const bool new_ones_fit =
      newest.empty() || SSL_CTX_set_ciphersuites(&context, newest.c_str()) == 1;
  if (old_ones_fit && new_ones_fit) return;
  const std::string reason = take_error();
  refuse(entry, names.ciphers,
         "is " + http::quote(entry.ciphers) + " (" + reason +
             "): give names that `openssl ciphers` lists, with colons between them");
}

void set_dh_params(SSL_CTX& context, const Entry& entry) {
  if (!entry.dh_params) return;
  const Pem& pem = *entry.dh_params;
  BioPointer source(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
  KeyPointer parameters(PEM_read_bio_Parameters(source.get(), nullptr));
  if (parameters == nullptr || EVP_PKEY_is_a(parameters.get(), "DH") != 1) {
    ERR_clear_error();
    refuse(pem, no_pem(pem.text, "Diffie-Hellman parameters"));
  }
  if (SSL_CTX_set0_tmp_dh_pkey(&context, parameters.get()) != 1) {
    refuse(pem, "is refused by OpenSSL (" + take_error() + "): give parameters of 2048 bits");
  }
  static_cast<void>(parameters.release());  // the context's now
}

void add_authorities(SSL_CTX& context, const Entry& entry) {
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  for (const Pem& pem : entry.ca) {
    for (const CertificatePointer& authority : read_certificates(pem, "certificate")) {
      X509_STORE_add_cert(store, authority.get());
      // So that clients with several certificates know which one is meant.
      SSL_CTX_add_client_CA(&context, authority.get());
    }
  }
}

void add_roots(SSL_CTX& context, const Entry& entry) {
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  for (const Pem& pem : entry.roots) {
    for (const CertificatePointer& authority : read_certificates(pem, "certificate")) {
      X509_STORE_add_cert(store, authority.get());
    }
  }
}

void add_revocations(SSL_CTX& context, const Entry& entry) {
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  for (const Pem& pem : entry.crl) {
    BioPointer source(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
    size_t count = 0;
    while (X509_CRL* one = PEM_read_bio_X509_CRL(source.get(), nullptr, nullptr, nullptr)) {
      CrlPointer list(one);
      X509_STORE_add_crl(store, list.get());
      ++count;
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = take_error();
    if (!at_end) {
      refuse(pem, "holds a revocation list that cannot be read (" + reason +
                      "): give it as it was made, with all of its lines");
    }
    if (count == 0) refuse(pem, no_pem(pem.text, "revocation list"));
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }
}

void set_verification(SSL_CTX& context, const Entry& entry) {
  add_authorities(context, entry);
  add_roots(context, entry);
  add_revocations(context, entry);
  if (!entry.request_cert) return;
  if (entry.ca.empty() && entry.roots.empty()) SSL_CTX_set_default_verify_paths(&context);
  if (entry.reject_unauthorized) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  } else {
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, accept_any);
  }
}

// A session is resumed only where it would begin under the same conditions: whoever was let in by
// other authorities, or before a revocation, is asked again (RFC 8446 section 4.6.1).
void set_session_scope(SSL_CTX& context, const Entry& entry) {
  std::string conditions = entry.server_name;
  if (entry.request_cert) {
    conditions += entry.reject_unauthorized ? " must" : " may";
    for (const auto* list : {&entry.ca, &entry.roots, &entry.crl}) {
      for (const Pem& pem : *list) conditions.append(1, '\0').append(pem.text);
      conditions.append(1, '\1');
    }
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(conditions.data()), conditions.size(), digest);
  SSL_CTX_set_session_id_context(&context, digest, sizeof digest);
}

}  // namespace

ContextPointer make_entry_context(const Entry& entry, const EntryNames& names) {
  ERR_clear_error();
  ContextPointer context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) throw std::runtime_error("OpenSSL cannot start: " + take_error());
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_options(context.get(), entry.secure_options);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context.get(), 0);
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  set_versions(*context, entry, names);
  set_dh_params(*context, entry);
  set_ciphers(*context, entry, names);
  set_verification(*context, entry);
  set_session_scope(*context, entry);
  if (entry.low_memory_mode) Engine::share_secrets(*context);
  return context;
}

}  // namespace bao::tls
