#include "tls/credentials.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <utility>

#include "http/displayed_text.h"
#include "tls/certificate_request.h"

namespace bao::tls {

namespace {

[[noreturn]] void refuse(std::string_view option, const std::string& fault) {
  throw OptionError(option, "Option " + std::string(option) + " " + fault);
}

std::string option_of(const Entry& entry, std::string_view member) {
  return entry.option + "." + std::string(member);
}

BioPointer memory(std::string_view text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// What the callback for a passphrase is given and tells.
struct Passphrase {
  const std::optional<std::string>& text;
  bool asked = false;

  static int give(char* buffer, int size, int, void* data) {
    auto* self = static_cast<Passphrase*>(data);
    self->asked = true;
    if (!self->text || static_cast<int>(self->text->size()) > size) return -1;
    std::memcpy(buffer, self->text->data(), self->text->size());
    return static_cast<int>(self->text->size());
  }
};

KeyPointer read_key(const Pem& pem, const Entry& entry, const EntryNames& names) {
  Passphrase passphrase{pem.passphrase ? pem.passphrase : entry.passphrase};
  BioPointer source = memory(pem.text);
  KeyPointer key(PEM_read_bio_PrivateKey(source.get(), nullptr, Passphrase::give, &passphrase));
  const std::string reason = take_error();
  if (key != nullptr) return key;
  const std::string own = option_of(entry, names.passphrase);
  if (passphrase.asked && !passphrase.text) {
    refuse(pem.option, "is an encrypted private key: give its passphrase in " + own);
  }
  if (passphrase.asked) {
    throw OptionError(own, "Option " + own + " does not decrypt the private key in " + pem.option +
                               ": give the one that it was encrypted with");
  }
  if (pem.text.find("PRIVATE KEY-----") == pem.text.npos) {
    refuse(pem.option, no_pem(pem.text, "private key"));
  }
  refuse(pem.option, "holds a private key that cannot be read (" + reason +
                         "): give it as it was made, with all of its lines");
}

std::string date_text(const ASN1_TIME* time) {
  tm parts{};
  char text[16] = "?";
  if (ASN1_TIME_to_tm(time, &parts) == 1) std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

std::string subject_of(X509* certificate) {
  BioPointer text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return http::quote(std::string_view(data, static_cast<size_t>(size)));
}

void check_dates(X509* certificate, const std::string& option, std::vector<std::string>& warnings) {
  const ASN1_TIME* until = X509_get0_notAfter(certificate);
  const ASN1_TIME* from = X509_get0_notBefore(certificate);
  const std::string which =
      "bao: the certificate " + subject_of(certificate) + " in " + option + " ";
  if (X509_cmp_current_time(until) < 0) {
    warnings.push_back(which + "expired on " + date_text(until) + ": clients refuse it, renew it");
  } else if (X509_cmp_current_time(from) > 0) {
    warnings.push_back(which + "is not valid before " + date_text(from) +
                       ": clients refuse it until then, look at this machine's clock");
  }
}

/// A certificate with those that stand behind it.
struct Chain {
  const Pem* pem;
  CertificatePointer leaf;
  std::vector<CertificatePointer> rest;
};

std::vector<Chain> read_chains(const Entry& entry, const std::vector<KeyPointer>& keys,
                               std::vector<std::string>& warnings) {
  std::vector<Chain> chains;
  for (const Pem& pem : entry.certificates) {
    std::vector<CertificatePointer> certificates = read_certificates(pem, "certificate");
    for (const auto& one : certificates) check_dates(one.get(), pem.option, warnings);
    const bool fits = std::any_of(keys.begin(), keys.end(), [&](const KeyPointer& key) {
      return X509_check_private_key(certificates[0].get(), key.get()) == 1;
    });
    ERR_clear_error();
    // A chain may be given as a list of its certificates.
    if (!fits && !chains.empty() && X509_check_ca(certificates[0].get()) > 0) {
      for (auto& one : certificates) chains.back().rest.push_back(std::move(one));
      continue;
    }
    Chain chain{&pem, std::move(certificates[0]), {}};
    for (size_t i = 1; i < certificates.size(); ++i) {
      chain.rest.push_back(std::move(certificates[i]));
    }
    chains.push_back(std::move(chain));
  }
  return chains;
}

ChainPointer stack_of(std::vector<CertificatePointer> certificates) {
  ChainPointer stack(sk_X509_new_null());
  for (CertificatePointer& one : certificates) sk_X509_push(stack.get(), one.release());
  return stack;
}

[[noreturn]] void refuse_mismatch(const Pem& key, const Pem& certificate, X509* leaf) {
  refuse(key.option, "does not fit the certificate " + subject_of(leaf) + " in " +
                         certificate.option +
                         ": give the private key that this certificate was made for");
}

}  // namespace

std::string no_pem(std::string_view text, std::string_view kind) {
  const std::string_view first = text.substr(0, std::min(text.find('\n'), text.size()));
  std::string fault = "holds no PEM ";
  fault.append(kind);
  // The classic mistake.
  if (!text.empty() && text.size() < 4096 && first.size() == text.size() && text.find('-') != 0) {
    return fault + " but " + http::quote(text) + ": give the contents of the file, not its path";
  }
  fault += text.empty() ? ", it is empty" : "";
  fault += text.starts_with('\x30') ? " (it looks like DER)" : "";
  return fault + ": give text with the line -----BEGIN " +
         (kind == "private key"                 ? "PRIVATE KEY"
          : kind == "revocation list"           ? "X509 CRL"
          : kind == "Diffie-Hellman parameters" ? "DH PARAMETERS"
                                                : "CERTIFICATE") +
         "-----";
}

std::vector<CertificatePointer> read_certificates(const Pem& pem, std::string_view kind) {
  std::vector<CertificatePointer> certificates;
  BioPointer source = memory(pem.text);
  while (X509* one = PEM_read_bio_X509_AUX(source.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(one);
  }
  // The end of the text is an error, too: "no start line".
  const int last = ERR_GET_REASON(ERR_peek_last_error());
  const std::string reason = take_error();
  if (last != PEM_R_NO_START_LINE) {
    refuse(pem.option, "holds a " + std::string(kind) + " that cannot be read (" + reason +
                           "): give it as it was made, with all of its lines");
  }
  if (certificates.empty()) refuse(pem.option, no_pem(pem.text, kind));
  return certificates;
}

std::shared_ptr<const Credentials> Credentials::read(const Entry& entry, const EntryNames& names,
                                                     std::vector<std::string>& warnings) {
  auto credentials = std::make_shared<Credentials>();
  const std::string key_option = option_of(entry, names.key);
  const std::string cert_option = option_of(entry, names.cert);
  if (entry.keys.empty() && entry.certificates.empty()) return credentials;
  if (entry.keys.empty()) {
    refuse(key_option, "is missing: give the private key of the certificate in " + cert_option);
  }
  if (entry.certificates.empty()) {
    refuse(cert_option, "is missing: give the certificate of the private key in " + key_option);
  }
  std::vector<KeyPointer> keys;
  for (const Pem& pem : entry.keys) keys.push_back(read_key(pem, entry, names));
  std::vector<Chain> chains = read_chains(entry, keys, warnings);
  std::vector<bool> used(keys.size());
  for (Chain& chain : chains) {
    EVP_PKEY* own = nullptr;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (X509_check_private_key(chain.leaf.get(), keys[i].get()) != 1) continue;
      own = keys[i].get();
      used[i] = true;
    }
    ERR_clear_error();
    if (own == nullptr) refuse_mismatch(entry.keys[0], *chain.pem, chain.leaf.get());
    EVP_PKEY_up_ref(own);
    credentials->pairs_.push_back(
        {KeyPointer(own), std::move(chain.leaf), stack_of(std::move(chain.rest))});
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (used[i]) continue;
    refuse_mismatch(entry.keys[i], entry.certificates.back(),
                    credentials->pairs_.back().certificate.get());
  }
  return credentials;
}

std::shared_ptr<const Credentials> read_credentials(const Entry& entry, const EntryNames& names,
                                                    std::vector<std::string>& warnings) {
  return Credentials::read(entry, names, warnings);
}

bool Credentials::use(SSL_CTX& context) const {
  return std::all_of(pairs_.begin(), pairs_.end(), [&](const Pair& pair) {
    return SSL_CTX_use_cert_and_key(&context, pair.certificate.get(), pair.key.get(),
                                    pair.chain.get(), 1) == 1;
  });
}

bool Credentials::use(SSL& connection) const {
  return std::all_of(pairs_.begin(), pairs_.end(), [&](const Pair& pair) {
    return SSL_use_cert_and_key(&connection, pair.certificate.get(), pair.key.get(),
                                pair.chain.get(), 1) == 1;
  });
}

}  // namespace bao::tls
