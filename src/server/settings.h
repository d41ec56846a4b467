#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tls/options.h"
#include "websocket/extension.h"

namespace bao::server {

/// Where the program writes what nobody catches: errors of handlers, and warnings of the server.
/// Called on the loop's thread with one or more lines without a final newline; must not throw.
using LogSink = std::function<void(std::string_view)>;

/// What WebSockets may take of memory and time.
struct WebSocketSettings {
  /// Bytes of one message, after decompression; at most 4 GiB - 1.
  uint64_t max_payload_length = 16ull << 20;
  /// Bytes that may wait for a slow peer; 0: no limit.
  uint64_t backpressure_limit = 16ull << 20;
  bool close_on_backpressure_limit = false;
  std::chrono::milliseconds idle_timeout{120'000};
  bool send_pings = true;
  bool publish_to_self = false;
  websocket::DeflateSettings deflate{};
};

/// What is done to replies for clients that take content codings.
struct CompressionSettings {
  /// `zstd`, `br`, `gzip`: what to choose first if a client likes several as much.
  std::vector<std::string> codings{"zstd", "br", "gzip"};
  /// Smaller bodies are sent as they are.
  uint64_t min_size = 1024;
};

/// A server's options, whatever the language of its handlers. The faces fill it; `checked` judges
/// it.
struct Settings {
  /// 0 to 65535; unset: the environment's or 3000. 64 bits wide so that a wrong value can be named
  /// as it was given.
  std::optional<int64_t> port{};
  std::string hostname{};
  std::string unix_path{};
  bool reuse_port = false;
  bool ipv6_only = false;
  std::optional<bool> development{};
  std::chrono::milliseconds idle_timeout{10'000};
  std::chrono::milliseconds head_timeout{10'000};
  uint64_t max_request_body_size = 128ull << 20;
  uint64_t max_head_size = 16 * 1024;
  uint64_t max_head_fields = 200;
  /// Certificates; with any, the server speaks TLS. They are read and checked when it starts.
  tls::Options tls{};
  std::chrono::milliseconds handshake_timeout{10'000};
  uint64_t max_handshakes = 4096;
  /// In whole seconds; 0: no session can be resumed.
  std::chrono::milliseconds session_timeout{std::chrono::hours(2)};
  std::optional<CompressionSettings> compression{};
  /// CONNECT and unknown expectations come to the handlers, for a face that answers them; else they
  /// get 501 and 417.
  bool takes_all = false;
  bool decode_request_bodies = false;
  std::string id{};
  LogSink log{};
  WebSocketSettings web_socket{};
};

/// A face's names for the options, for messages: a Node programmer wrote `idleTimeout`, a C++
/// programmer
/// `.idle_timeout`.
struct OptionNames {
  std::string_view port, hostname, unix_path, reuse_port, ipv6_only, idle_timeout, head_timeout,
      max_request_body_size, max_head_size, max_head_fields, id, handshake_timeout, max_handshakes,
      session_timeout;
  std::string_view web_socket_max_payload_length, web_socket_backpressure_limit,
      web_socket_idle_timeout;
  std::string_view codings;
};

/// A wrong option. The sentence names the option, the value and the mend. A port that came from
/// elsewhere has the name `--port`, or that of its environment variable.
class SettingsError : public std::invalid_argument {
 public:
  SettingsError(std::string_view option, const std::string& sentence)
      : std::invalid_argument(sentence), option_(option) {}
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

/// Reads an environment variable; null if it is not set. A parameter so that tests need not change
/// the process.
using Environment = std::function<const char*(const char* name)>;

/// Checks every option and fills in the defaults that depend on the surroundings: `port` by the
/// order option, `port_argument` (the value of `--port`), BUN_PORT, PORT, NODE_PORT, 3000;
/// `development`, off only if NODE_ENV is `production`; a random `id`. Throws SettingsError.
Settings checked(Settings settings, const std::optional<std::string>& port_argument,
                 const OptionNames& names, const Environment& environment);

/// Checks those of WebSockets alone, for a reload. Throws SettingsError.
void check(const WebSocketSettings& settings, const OptionNames& names);

}  // namespace bao::server
