#include "tls.h"

#include "functions.h"
#include "server/settings.h"
#include "tls/library.h"
#include "values.h"

namespace bao::node {

namespace {

using Credentials = std::shared_ptr<const tls::Credentials>;

constexpr tls::EntryNames kNames{
    .key = "key",
    .cert = "cert",
    .passphrase = "passphrase",
    .server_name = "serverName",
    .ca = "ca",
    .crl = "crl",
    .dh_params_file = "dhParamsFile",
    .ciphers = "ciphers",
    .secure_options = "secureOptions",
    .min_version = "minVersion",
    .max_version = "maxVersion",
};

std::string text_of(napi_env env, napi_value object, const char* name) {
  napi_value value = property(env, object, name);
  return value == nullptr ? "" : to_text(env, value);
}

std::optional<std::string> optional_text(napi_env env, napi_value object, const char* name) {
  napi_value value = property(env, object, name);
  return value == nullptr ? std::nullopt : std::optional(to_text(env, value));
}

bool flag_of(napi_env env, napi_value object, const char* name, bool otherwise) {
  napi_value value = property(env, object, name);
  return value == nullptr ? otherwise : to_boolean(env, value);
}

double number_of(napi_env env, napi_value object, const char* name) {
  napi_value value = property(env, object, name);
  return value == nullptr ? 0 : to_number(env, value);
}

tls::Pem to_pem(napi_env env, napi_value value) {
  tls::Pem pem;
  pem.text = to_body(env, property(env, value, "text"));
  pem.option = text_of(env, value, "option");
  pem.passphrase = optional_text(env, value, "passphrase");
  return pem;
}

std::vector<tls::Pem> pems_of(napi_env env, napi_value object, const char* name) {
  std::vector<tls::Pem> pems;
  napi_value list = property(env, object, name);
  const uint32_t size = list == nullptr ? 0 : length(env, list);
  for (uint32_t i = 0; i < size; ++i) pems.push_back(to_pem(env, element(env, list, i)));
  return pems;
}

tls::Entry to_entry(napi_env env, napi_value object) {
  tls::Entry entry;
  entry.option = text_of(env, object, "option");
  entry.keys = pems_of(env, object, "key");
  entry.certificates = pems_of(env, object, "cert");
  entry.passphrase = optional_text(env, object, "passphrase");
  entry.server_name = text_of(env, object, "serverName");
  entry.ca = pems_of(env, object, "ca");
  entry.roots = pems_of(env, object, "roots");
  entry.crl = pems_of(env, object, "crl");
  entry.request_cert = flag_of(env, object, "requestCert", false);
  entry.reject_unauthorized = flag_of(env, object, "rejectUnauthorized", true);
  if (napi_value dh = property(env, object, "dhParams")) entry.dh_params = to_pem(env, dh);
  entry.ciphers = text_of(env, object, "ciphers");
  entry.secure_options = static_cast<uint64_t>(number_of(env, object, "secureOptions"));
  entry.min_version = static_cast<int>(number_of(env, object, "minVersion"));
  entry.max_version = static_cast<int>(number_of(env, object, "maxVersion"));
  entry.low_memory_mode = flag_of(env, object, "lowMemoryMode", false);
  return entry;
}

}  // namespace

tls::Options to_tls_options(Environment& environment, napi_value settings) {
  napi_env env = environment.env();
  tls::Options options;
  if (settings == nullptr || is_nothing(env, settings)) return options;
  options.names = kNames;
  options.ticket_keys = pems_of(env, settings, "ticketKeys");
  napi_value entries = property(env, settings, "entries");
  const uint32_t size = length(env, entries);
  for (uint32_t i = 0; i < size; ++i) {
    options.entries.push_back(to_entry(env, element(env, entries, i)));
  }
  if (napi_value source = property(env, settings, "source")) {
    const double number = to_number(env, source);
    options.certificate_for = [&environment,
                               number](std::shared_ptr<tls::CertificateRequest> request) {
      environment.ask_certificate(number, std::move(request));
    };
  }
  return options;
}

napi_value read_certificate(Call& call) {
  const tls::Entry entry = to_entry(call.env, call[0]);
  std::vector<std::string> warnings;
  auto credentials = std::make_unique<Credentials>(tls::read_credentials(entry, kNames, warnings));
  for (const std::string& warning : warnings) call.environment.log(warning);
  napi_value result = nullptr;
  check(napi_create_external(
      call.env, credentials.get(),
      [](napi_env, void* data, void*) { delete static_cast<Credentials*>(data); }, nullptr,
      &result));
  static_cast<void>(credentials.release());  // JavaScript's now
  return result;
}

napi_value answer_certificate(Call& call) {
  Environment::Entry entry(call.environment);
  const auto request = call.environment.certificate_requests().take(call.index(0));
  if (request == nullptr) return nullptr;
  if (!is_nothing(call.env, call[2])) {
    request->fail(to_text(call.env, call[2]));
  } else if (is_nothing(call.env, call[1])) {
    request->answer(nullptr);
  } else {
    void* data = nullptr;
    check(napi_get_value_external(call.env, call[1], &data));
    request->answer(*static_cast<Credentials*>(data));
  }
  return nullptr;
}

napi_value describe_security(napi_env env, const std::optional<net::Security>& facts) {
  if (!facts) return null(env);
  napi_value result = nullptr;
  check(napi_create_object(env, &result));
  set(env, result, "protocol", text(env, facts->protocol));
  set(env, result, "cipher", text(env, facts->cipher));
  set(env, result, "serverName", text(env, facts->server_name));
  set(env, result, "authorized", boolean(env, facts->authorized));
  set(env, result, "authorizationError", text(env, facts->authorization_error));
  const bool shown = !facts->peer_certificate.empty();
  set(env, result, "certificate", shown ? bytes(env, facts->peer_certificate) : null(env));
  return result;
}

napi_value security(Call& call) {
  http::Stream* stream = call.slot().exchange().stream();
  std::optional<net::Security> facts;
  if (stream != nullptr) facts = stream->security();
  return describe_security(call.env, facts);
}

napi_value openssl_version(Call& call) {
  return text(call.env, tls::openssl_version());
}

}  // namespace bao::node
