#include "api/tls_options.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <utility>

#include <bao/error.h>
#include <bao/loop.h>

#include "http/displayed_text.h"
#include "net/file_descriptor.h"
#include "net/read_at.h"
#include "tls/certificate_request.h"

namespace bao {

namespace detail {

class TlsCertificateState {
 public:
  std::shared_ptr<const tls::Credentials> credentials;
};

struct TlsCertificateAccess {
  static const std::shared_ptr<const tls::Credentials>& credentials(
      const TlsCertificate& certificate) {
    return certificate.state_->credentials;
  }
};

namespace {

constexpr tls::EntryNames kNames{
    .key = "key",
    .cert = "cert",
    .passphrase = "passphrase",
    .server_name = "server_name",
    .ca = "ca",
    .crl = "crl",
    .dh_params_file = "dh_params_file",
    .ciphers = "ciphers",
    .secure_options = "secure_options",
    .min_version = "min_version",
    .max_version = "max_version",
};

// More is no PEM file, or one that nobody wants in memory.
constexpr uint64_t kLargestPem = 16 << 20;

[[noreturn]] void refuse_file(const std::string& option, const std::string& path, int error) {
  throw OptionError(option, "Option " + option + " is the file " + http::quote(path) +
                                ", which cannot be read (" + std::strerror(error) +
                                "): give the path of a file that this process may read");
}

std::string read_file(const File& file, const std::string& option) {
  const net::FileDescriptor opened(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) refuse_file(option, file.path(), errno);
  std::string text;
  const uint64_t most = std::min(file.end() - std::min(file.begin(), file.end()), kLargestPem);
  char buffer[16 * 1024];
  while (text.size() < most) {
    const std::span part(buffer, std::min<uint64_t>(sizeof buffer, most - text.size()));
    const ssize_t count = net::read_at(opened.get(), part, file.begin() + text.size());
    if (count < 0) refuse_file(option, file.path(), errno);
    if (count == 0) break;
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

std::vector<tls::Pem> read(const Pem& given, const std::string& option) {
  std::vector<tls::Pem> pems;
  const bool several = given.parts().size() > 1;
  for (const Pem::Part& part : given.parts()) {
    std::string own = several ? option + "[" + std::to_string(pems.size()) + "]" : option;
    const File* file = std::get_if<File>(&part);
    std::string text = file != nullptr ? read_file(*file, own) : std::get<std::string>(part);
    pems.push_back({.text = std::move(text), .option = std::move(own)});
  }
  return pems;
}

std::optional<std::string> given_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

tls::Entry entry_of(const Tls& given, std::string option) {
  tls::Entry entry;
  entry.keys = read(given.key, option + ".key");
  entry.certificates = read(given.cert, option + ".cert");
  entry.passphrase = given_text(given.passphrase);
  entry.server_name = given.server_name;
  entry.ca = read(given.ca, option + ".ca");
  entry.crl = read(given.crl, option + ".crl");
  entry.request_cert = given.request_cert;
  entry.reject_unauthorized = given.reject_unauthorized;
  if (!given.dh_params_file.empty()) {
    entry.dh_params = read(Pem(file(given.dh_params_file)), option + ".dh_params_file")[0];
  }
  entry.ciphers = given.ciphers;
  entry.secure_options = given.secure_options;
  entry.min_version = given.min_version ? static_cast<int>(*given.min_version) : 0;
  entry.max_version = given.max_version ? static_cast<int>(*given.max_version) : 0;
  entry.low_memory_mode = given.low_memory_mode;
  entry.option = std::move(option);
  return entry;
}

using Request = std::shared_ptr<tls::CertificateRequest>;

void answer(const Request& request, const std::optional<TlsCertificate>& found) {
  request->answer(found ? TlsCertificateAccess::credentials(*found) : nullptr);
}

// `source` is the callable whose coroutine the task is; it lives as long.
template <typename T>
Task<void> answer_later(Task<T> task, Request request, std::shared_ptr<const CertificateFor>) {
  std::string reason;
  try {
    const T found = co_await task;
    answer(request, found);
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "an exception of an unknown type";
  }
  if (!reason.empty()) request->fail(reason);
}

void find(const std::shared_ptr<const CertificateFor>& source, const Request& request) {
  try {
    CertificateFor::Found found = (*source)(request->server_name());
    if (const auto* certificate = std::get_if<0>(&found)) return answer(request, *certificate);
    if (auto* task = std::get_if<1>(&found)) {
      return spawn(answer_later(std::move(*task), request, source));
    }
    spawn(answer_later(std::move(std::get<2>(found)), request, source));
  } catch (const std::exception& error) {
    request->fail(error.what());
  } catch (...) {
    request->fail("an exception of an unknown type");
  }
}

}  // namespace

tls::Options tls_options(const std::vector<Tls>& entries, const CertificateFor& certificate_for,
                         const Pem& ticket_keys) {
  tls::Options options;
  options.names = kNames;
  for (size_t i = 0; i < entries.size(); ++i) {
    options.entries.push_back(entry_of(entries[i], ".tls[" + std::to_string(i) + "]"));
  }
  if (certificate_for) {
    auto source = std::make_shared<const CertificateFor>(certificate_for);
    options.certificate_for = [source](const Request& request) { find(source, request); };
  }
  options.ticket_keys = read(ticket_keys, ".ticket_keys");
  return options;
}

}  // namespace detail

TlsCertificate::TlsCertificate(const Pem& key, const Pem& cert, const std::string& passphrase) {
  tls::Entry entry;
  entry.keys = detail::read(key, ".key");
  entry.certificates = detail::read(cert, ".cert");
  entry.passphrase = detail::given_text(passphrase);
  if (entry.keys.empty() && entry.certificates.empty()) {
    throw OptionError(".cert", "Option .cert is missing: give a certificate, and its key");
  }
  std::vector<std::string> warnings;
  auto state = std::make_shared<detail::TlsCertificateState>();
  try {
    state->credentials = tls::read_credentials(entry, detail::kNames, warnings);
  } catch (const tls::OptionError& error) {
    throw OptionError(error.option(), error.what());
  }
  state_ = std::move(state);
}

}  // namespace bao
