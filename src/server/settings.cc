#include "server/settings.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <random>

#include "http/displayed_text.h"
#include "net/hostname.h"

namespace bao::server {

namespace {

constexpr int64_t kHighestPort = 65535;
constexpr int64_t kDefaultPort = 3000;
// A head is addressed with 32 bits, and is gathered in memory for each slow client: more is surely
// a mistake.
constexpr uint64_t kLargestHead = 64ull << 20;
constexpr uint64_t kMostOfSocket = 0xFFFF'FFFF;
constexpr auto kLongestTimeout = std::chrono::hours(24 * 365 * 100);

[[noreturn]] void refuse(std::string_view option, const std::string& value,
                         const std::string& mend) {
  throw SettingsError(option, "Option " + std::string(option) + " is " + value + ": " + mend);
}

// `kind` and `name` say where the text comes from.
int64_t parse_port(const char* kind, const char* name, std::string_view text) {
  int64_t port = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 0 || port > kHighestPort) {
    throw SettingsError(name, std::string(kind) + " " + name + " is " + http::quote(text) +
                                  ": give a port from 0 (any free one) to 65535");
  }
  return port;
}

int64_t find_port(const Settings& settings, const std::optional<std::string>& argument,
                  const OptionNames& names, const Environment& environment) {
  if (settings.port) {
    if (*settings.port < 0 || *settings.port > kHighestPort) {
      refuse(names.port, std::to_string(*settings.port),
             "give a port from 0 (any free one) to 65535");
    }
    return *settings.port;
  }
  if (argument) return parse_port("The argument", "--port", *argument);
  for (const char* name : {"BUN_PORT", "PORT", "NODE_PORT"}) {
    const char* value = environment(name);
    if (value != nullptr && *value != '\0') {
      return parse_port("The environment variable", name, value);
    }
  }
  return kDefaultPort;
}

void check_unix_path(const Settings& settings, const OptionNames& names) {
  struct OptionOfTcp {
    bool set;
    std::string_view name;
    const char* reason;
  };
  for (const auto& [set, name, reason] : {
           OptionOfTcp{settings.port.has_value(), names.port, "a unix socket has no port"},
           OptionOfTcp{!settings.hostname.empty(), names.hostname, "a unix socket has no host"},
           OptionOfTcp{settings.reuse_port, names.reuse_port, "only a port can be shared"},
           OptionOfTcp{settings.ipv6_only, names.ipv6_only, "a unix socket does not speak IP"},
       }) {
    if (!set) continue;
    throw SettingsError(names.unix_path, "Options " + std::string(names.unix_path) + " and " +
                                             std::string(name) + " exclude each other: " + reason +
                                             ", remove one");
  }
  // The length is the listener's to check: it differs between paths and abstract names.
  if (settings.unix_path[0] != '\0' && settings.unix_path.find('\0') != std::string::npos) {
    refuse(names.unix_path, http::quote(settings.unix_path),
           "a path holds no NUL byte; only the first byte may be one, for an abstract socket");
  }
}

void check_address(const Settings& settings, const OptionNames& names) {
  if (!settings.unix_path.empty()) return check_unix_path(settings, names);
  if (auto fault = net::hostname_fault(settings.hostname, names.port)) {
    refuse(names.hostname, http::quote(settings.hostname), *fault);
  }
}

// Logs are read by lines.
void check_id(const Settings& settings, const OptionNames& names) {
  for (const char c : settings.id) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) continue;
    refuse(names.id, http::quote(settings.id), "a name for logs holds no control characters");
  }
}

// Keeps sums of time points from overflowing.
void check_timeout(std::chrono::milliseconds value, std::string_view name) {
  const std::string given = std::to_string(value.count()) + " ms";
  if (value.count() < 0) refuse(name, given, "give a duration that is not negative, 0 for none");
  if (value > kLongestTimeout) refuse(name, given, "give at most 100 years, 0 for none");
}

void check_limits(const Settings& settings, const OptionNames& names) {
  check_timeout(settings.idle_timeout, names.idle_timeout);
  check_timeout(settings.head_timeout, names.head_timeout);
  check_timeout(settings.handshake_timeout, names.handshake_timeout);
  if (settings.max_head_size < 64 || settings.max_head_size > kLargestHead) {
    refuse(names.max_head_size, std::to_string(settings.max_head_size),
           "give 64 to 67108864 bytes");
  }
  if (settings.max_head_fields < 1 || settings.max_head_fields > 100'000) {
    refuse(names.max_head_fields, std::to_string(settings.max_head_fields),
           "give 1 to 100000 fields");
  }
}

void check_tls_limits(const Settings& settings, const OptionNames& names) {
  // RFC 8446 section 4.6.1: no ticket lives longer than a week.
  constexpr auto kLongestSession = std::chrono::hours(24 * 7);
  if (settings.session_timeout.count() < 0 || settings.session_timeout > kLongestSession ||
      settings.session_timeout.count() % 1000 != 0) {
    refuse(names.session_timeout, std::to_string(settings.session_timeout.count()) + " ms",
           "give whole seconds, at most 7 days, 0 to resume no sessions");
  }
  if (settings.max_handshakes < 1 || settings.max_handshakes > 1'000'000) {
    refuse(names.max_handshakes, std::to_string(settings.max_handshakes),
           "give 1 to 1000000 handshakes");
  }
}

void check_codings(const CompressionSettings& compression, const OptionNames& names) {
  const auto& codings = compression.codings;
  if (codings.empty()) {
    refuse(names.codings, "empty", "name at least one of zstd, br and gzip, or leave it out");
  }
  for (auto name = codings.begin(); name != codings.end(); ++name) {
    if (*name != "zstd" && *name != "br" && *name != "gzip") {
      refuse(names.codings, http::quote(*name), "name zstd, br or gzip");
    }
    if (std::find(codings.begin(), name, *name) != name) {
      refuse(names.codings, http::quote(*name) + " twice", "name each coding once");
    }
  }
}

std::string random_id() {
  std::random_device source;
  char text[17];
  char* end = text;
  for (int i = 0; i < 2; ++i) {
    // Eight digits each, with leading zeros.
    uint32_t bits = source();
    for (int shift = 28; shift >= 0; shift -= 4) *end++ = "0123456789abcdef"[(bits >> shift) & 15];
  }
  return {text, end};
}

}  // namespace

void check(const WebSocketSettings& settings, const OptionNames& names) {
  check_timeout(settings.idle_timeout, names.web_socket_idle_timeout);
  for (const auto& [value, name] :
       {std::pair(settings.max_payload_length, names.web_socket_max_payload_length),
        std::pair(settings.backpressure_limit, names.web_socket_backpressure_limit)}) {
    if (value > kMostOfSocket) {
      refuse(name, std::to_string(value), "give at most 4294967295 bytes");
    }
  }
}

Settings checked(Settings settings, const std::optional<std::string>& port_argument,
                 const OptionNames& names, const Environment& environment) {
  check_address(settings, names);
  check_limits(settings, names);
  check_tls_limits(settings, names);
  check_id(settings, names);
  check(settings.web_socket, names);
  if (settings.compression) check_codings(*settings.compression, names);
  if (settings.unix_path.empty())
    settings.port = find_port(settings, port_argument, names, environment);
  if (!settings.development) {
    const char* mode = environment("NODE_ENV");
    settings.development = mode == nullptr || std::strcmp(mode, "production") != 0;
  }
  if (settings.id.empty()) settings.id = random_id();
  return settings;
}

}  // namespace bao::server
