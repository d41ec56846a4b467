#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/link.h"
#include "server/tunnel.h"

namespace bao::node {

class Environment;

/// The connections of a thread that JavaScript knows, by numbers of ours (from 1 on: the label of
/// the engine's http::Link), and their events on the way to it. Only those that it has asked about
/// have one.
class Links final : public server::TunnelHandler {
 public:
  explicit Links(Environment& environment) : environment_(environment) {}

  /// The kinds of events, as JavaScript knows them (native.d.ts).
  enum class Event : uint8_t { connected, data, end, drain, closed, refused };

  /// The number of a connection, which it has from now on.
  uint32_t number_of(http::Link& link);
  /// Null if no open connection has that number.
  http::Link* find(uint32_t number) const {
    return number < links_.size() ? links_[number].link : nullptr;
  }
  /// Null if none has it that has left HTTP.
  server::Tunnel* find_tunnel(uint32_t number) const {
    return number < links_.size() ? links_[number].tunnel : nullptr;
  }
  /// The connection of the tunnel's number is the tunnel from now on.
  void add(server::Tunnel& tunnel);
  void clear() { links_.clear(); }

  // What an application is told, for the JavaScript of its table.
  void on_connected(http::Link& link, double table);
  void on_closed(http::Link& link);
  void on_refused(http::Link& link, double table, int status, std::string_view reason);

  // server::TunnelHandler
  void on_data(server::Tunnel& tunnel, std::string_view bytes) override;
  void on_end(server::Tunnel& tunnel) override;
  void on_drain(server::Tunnel& tunnel) override;
  void on_close(server::Tunnel& tunnel, bool broken) override;

 private:
  struct Entry {
    http::Link* link = nullptr;
    server::Tunnel* tunnel = nullptr;
  };
  void tell_closed(http::Link& link, bool broken);

  Environment& environment_;
  std::vector<Entry> links_ = std::vector<Entry>(1);
  std::vector<uint32_t> free_;
};

}  // namespace bao::node
