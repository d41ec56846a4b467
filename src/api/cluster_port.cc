#include "api/cluster_port.h"

#include <string>

namespace bao::detail {

std::optional<net::Listener> share_port(processes::Seat& seat, server::Settings& settings) {
  if (!settings.unix_path.empty()) {
    if (seat.processes == 1) return std::nullopt;
    throw server::SettingsError(".unix_path",
                                "Option .unix_path is set in a cluster: a unix socket cannot be "
                                "shared by processes, give a port, or run one process");
  }
  settings.reuse_port = true;
  if (settings.port != 0) return std::nullopt;
  if (seat.servers == processes::Shared::kServers) {
    throw server::SettingsError(".port", "Option .port is 0 in a cluster for more than " +
                                             std::to_string(processes::Shared::kServers) +
                                             " servers: give the others a port from 1 to 65535");
  }
  auto& shared = seat.shared.ports[seat.servers++];
  std::optional<net::Listener> own;
  std::uint16_t port = shared;
  if (port == 0) {
    own = net::Listener::open(
        {.hostname = settings.hostname, .reuse_port = true, .ipv6_only = settings.ipv6_only});
    const auto found = static_cast<std::uint16_t>(own->local().port);
    // Of several that look at the same time one wins, and `port` is then what it has found.
    if (shared.compare_exchange_strong(port, found)) {
      port = found;
    } else {
      own.reset();
    }
  }
  settings.port = port;
  return own;
}

}  // namespace bao::detail
