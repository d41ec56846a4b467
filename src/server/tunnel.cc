#include "server/tunnel.h"

#include <utility>

#include "server/server.h"

namespace bao::server {

using Status = net::IoResult::Status;

// ---- One

Tunnel::Tunnel(Tunnels& owner, size_t place, http::Upgraded& upgraded, TunnelHandler& handler)
    : owner_(owner),
      handler_(handler),
      transport_(std::move(upgraded.transport)),
      peer_(upgraded.peer),
      place_(place) {
  label = upgraded.label;
}

Tunnel::~Tunnel() = default;

// What HTTP has left to be sent may wait for a slow peer, but no failure is told before the face
// has its tunnel: it will see the end.
void Tunnel::start(std::string_view output) {
  transport_->attach(*this);
  transport_->want_read(false);
  if (output.empty()) return;
  const iovec piece{const_cast<char*>(output.data()), output.size()};
  const net::IoResult result = transport_->write({&piece, 1});
  owner_.counters_.bytes_out += result.bytes;
  output.remove_prefix(result.bytes);
  if (output.empty()) return;
  queue_ = std::make_unique<http1::OutputQueue>();
  queue_->append_copy(output);
  transport_->want_write(true);
}

std::optional<net::SocketAddress> Tunnel::local() const {
  if (closed_) return std::nullopt;
  return transport_->local();
}

std::optional<net::Security> Tunnel::security() const {
  if (closed_) return std::nullopt;
  return transport_->security();
}

void Tunnel::set_referenced(bool referenced) {
  if (closed_ || referenced == referenced_) return;
  referenced_ = referenced;
  owner_.count_referenced(referenced ? 1 : -1);
}

// ---- In

void Tunnel::want_read(bool wanted) {
  if (closed_ || read_ended_) return;
  transport_->want_read(wanted);
}

void Tunnel::on_readable() {
  read_some();
}

// True if there may be more.
bool Tunnel::read_some() {
  const std::span<char> buffer = owner_.read_buffer_;
  const net::IoResult result = transport_->read(buffer);
  switch (result.status) {
    case Status::ok:
      owner_.counters_.bytes_in += result.bytes;
      handler_.on_data(*this, {buffer.data(), result.bytes});
      return !closed_;
    case Status::end:
      read_ended_ = true;
      transport_->want_read(false);
      handler_.on_end(*this);
      return false;
    case Status::broken: close(false, true); return false;
    case Status::would_block:
    case Status::no_source: return false;
  }
  return false;
}

// Nobody can be sent anything any more. What had arrived before is still told, though it was not
// wanted yet: no more than the kernel holds for a connection, and it would be lost with it.
void Tunnel::on_hangup() {
  if (read_ended_) return close(false, !write_ended_ || queue_ != nullptr);
  while (read_some()) {
  }
  if (!closed_) close(false, !read_ended_ || !write_ended_);
}

// ---- Out

Tunnel::WriteResult Tunnel::write(std::string_view bytes) {
  if (closed_ || write_ended_) return WriteResult::over;
  if (queue_ == nullptr) {
    if (bytes.empty()) return WriteResult::sent;
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const net::IoResult result = transport_->write({&piece, 1});
    if (result.status == Status::broken) {
      close(false, true);
      return WriteResult::over;
    }
    owner_.counters_.bytes_out += result.bytes;
    bytes.remove_prefix(result.bytes);
    if (bytes.empty()) return WriteResult::sent;
    queue_ = std::make_unique<http1::OutputQueue>();
    transport_->want_write(true);
  }
  queue_->append_copy(bytes);
  return WriteResult::behind;
}

void Tunnel::on_writable() {
  if (queue_ != nullptr) {
    const Status status = queue_->write(*transport_, owner_.counters_.bytes_out);
    if (status == Status::broken) return close(false, true);
    if (!queue_->empty()) return;
    queue_ = nullptr;
  }
  transport_->want_write(false);
  if (write_ended_) return finish_writing();
  handler_.on_drain(*this);
}

void Tunnel::end() {
  if (closed_ || std::exchange(write_ended_, true)) return;
  if (queue_ == nullptr) finish_writing();
}

void Tunnel::finish_writing() {
  transport_->finish_writing();
}

// ---- Ends

void Tunnel::drop(bool reset) {
  close(reset, false);
}

void Tunnel::close(bool reset, bool broken) {
  if (std::exchange(closed_, true)) return;
  transport_->close(reset);
  queue_ = nullptr;
  handler_.on_close(*this, broken);
  owner_.gone(*this);
}

// ---- All of them

Tunnels::Tunnels(Server& server, std::span<char> read_buffer, http1::Counters& counters)
    : server_(server), read_buffer_(read_buffer), counters_(counters) {}

Tunnels::~Tunnels() = default;

Tunnel& Tunnels::open(http::Upgraded& upgraded, TunnelHandler& handler) {
  tunnels_.emplace_back(new Tunnel(*this, tunnels_.size(), upgraded, handler));
  Tunnel& tunnel = *tunnels_.back();
  count_referenced(1);
  tunnel.start(upgraded.output);
  return tunnel;
}

void Tunnels::count_referenced(int change) {
  referenced_ += static_cast<size_t>(change);
  server_.on_tunnel_changed();
}

// Their handlers may end others.
void Tunnels::cut() {
  std::vector<Tunnel*> all;
  for (const auto& tunnel : tunnels_) all.push_back(tunnel.get());
  for (Tunnel* tunnel : all) tunnel->close(true, false);  // a closed one lives until the turn's end
}

void Tunnels::gone(Tunnel& tunnel) {
  if (dead_.empty()) {
    server_.loop().defer(
        net::Work([this, keep = http::Reference<Server>(&server_)] { dead_.clear(); }));
  }
  std::unique_ptr<Tunnel>& place = tunnels_[tunnel.place_];
  dead_.push_back(std::move(place));
  if (tunnels_.back() != nullptr) {
    tunnels_.back()->place_ = tunnel.place_;
    place = std::move(tunnels_.back());
  }
  tunnels_.pop_back();
  if (tunnel.referenced_) --referenced_;
  server_.on_tunnel_changed();
}

}  // namespace bao::server
