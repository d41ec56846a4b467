#include "server/server.h"

#include <system_error>
#include <utility>

#include "server/body_coding.h"
#include "server/handshakes.h"
#include "server/local_request.h"

namespace bao::server {

namespace {
// Cleared exchanges that are kept for new requests. Above this a burst has passed, and memory is
// worth more.
constexpr size_t kKeptExchanges = 1024;

http1::ConnectionSettings connection_settings(const Settings& settings) {
  http1::ConnectionSettings result;
  result.head.max_bytes = static_cast<uint32_t>(settings.max_head_size);
  result.head.max_fields = static_cast<uint32_t>(settings.max_head_fields);
  result.max_body_bytes = settings.max_request_body_size;
  result.idle_timeout = settings.idle_timeout;
  result.head_timeout = settings.head_timeout;
  result.takes_all = settings.takes_all;
  return result;
}

net::ListenOptions listen_options(const Settings& settings) {
  net::ListenOptions options;
  options.hostname = settings.hostname;
  options.port = static_cast<int>(settings.port.value_or(0));
  options.unix_path = settings.unix_path;
  options.reuse_port = settings.reuse_port;
  options.ipv6_only = settings.ipv6_only;
  return options;
}

}  // namespace

http::Reference<Server> Server::start(net::Loop& loop, Settings settings,
                                      http::Reference<Table> table) {
  http::Reference<Server> server(new Server(loop, std::move(settings), std::move(table)));
  net::Listener listener = net::Listener::open(listen_options(server->settings_));
  server->local_ = listener.local();
  server->authority_ = net::format_host_for_url(server->hostname());
  const int usual_port = server->secure() ? 443 : 80;
  if (server->local_.port != 0 && server->local_.port != usual_port) {
    server->authority_ += ":" + std::to_string(server->local_.port);
  }
  server->acceptor_ =
      std::make_unique<Acceptor>(loop, std::move(listener), *server, server->settings_.log);
  loop.add_resident(*server);
  server->self_ = server;
  server->update_hold();
  return server;
}

Server::Server(net::Loop& loop, Settings settings, http::Reference<Table> table)
    : loop_(loop),
      settings_(std::move(settings)),
      workspace_(*this, *this, loop.timers(), loop.now(), loop.wall_time()),
      table_(std::move(table)),
      web_sockets_(*this, workspace_.read_buffer()),
      tunnels_(*this, workspace_.read_buffer(), workspace_.counters) {
  workspace_.settings = connection_settings(settings_);
  web_sockets_.use(table_, settings_.web_socket);
  if (settings_.compression) compression_.emplace(*settings_.compression);
  if (compression_) table_->compress(*compression_);
  codes_content_ = compression_ || settings_.decode_request_bodies;
  if (!settings_.tls.enabled()) return;
  handshakes_ = std::make_unique<Handshakes>(
      loop, settings_,
      [this](std::unique_ptr<net::Transport> transport, const net::PeerAddress& peer) {
        on_secured(std::move(transport), peer);
      });
  workspace_.settings.secure = true;
  handshakes_->set_plain_reply([this] { return plain_text_reply(); });
  settings_.tls = {};  // the keys are where they are used, and nowhere else
}

Server::~Server() {
  for (Exchange* exchange : pool_) delete exchange;
}

std::string Server::hostname() const {
  return settings_.hostname.empty() ? "localhost" : settings_.hostname;
}

tls::Counters Server::tls_counters() const {
  return secure() ? handshakes_->counters() : tls::Counters();
}

std::string Server::url() const {
  if (local_.family != net::SocketAddress::Family::unix_domain) {
    return std::string(scheme()) + "://" + authority_ + "/";
  }
  if (!local_.address.empty() && local_.address[0] == '\0')
    return "abstract://" + local_.address.substr(1);
  return "unix://" + local_.address;
}

// ---- Exchanges

Exchange& Server::make_exchange() {
  retain();
  if (pool_.empty()) return *new Exchange(*this);
  Exchange* exchange = pool_.back();
  pool_.pop_back();
  return *exchange;
}

void Server::on_request(http::Exchange& exchange) {
  auto& own = static_cast<Exchange&>(exchange);
  if (!referenced_) update_hold();
  own.table = table_;
  if (codes_content_ && !begin_coding(own)) return;
  own.table->dispatch(own);
}

uint64_t Server::largest_body() const {
  return table_->largest_body();
}

// False if the request is answered already: nobody understands its body.
bool Server::begin_coding(Exchange& exchange) {
  if (compression_) exchange.filter_reply(*compression_);
  return !settings_.decode_request_bodies || decode_body(exchange, settings_.max_request_body_size);
}

void Server::recycle(Exchange& exchange) {
  if (pool_.size() < kKeptExchanges) {
    pool_.push_back(&exchange);
  } else {
    delete &exchange;
  }
  if (!referenced_) update_hold();
  release();
}

void Server::begin_local_request(LocalRequest& request) {
  request.next = local_requests_;
  if (local_requests_ != nullptr) local_requests_->previous = &request;
  local_requests_ = &request;
  ++local_pending_;
  update_hold();
}

void Server::end_local_request(LocalRequest& request) {
  if (request.previous != nullptr) {
    request.previous->next = request.next;
  } else {
    local_requests_ = request.next;
  }
  if (request.next != nullptr) request.next->previous = request.previous;
  --local_pending_;
  update_hold();
}

void Server::abort_local_request(uint64_t number) {
  for (LocalRequest* request = local_requests_; request != nullptr; request = request->next) {
    if (request->number() != number) continue;
    http::Reference<Exchange>(&request->exchange())->abort();
    return;
  }
}

void Server::abort_local_requests() {
  // Whoever waits for one may end others and begin new ones: only those of now are meant.
  std::vector<http::Reference<Exchange>> exchanges;
  for (LocalRequest* request = local_requests_; request != nullptr; request = request->next) {
    exchanges.emplace_back(&request->exchange());
  }
  for (auto& exchange : exchanges) exchange->abort();
}

// ---- Connections

template <typename F>
void Server::for_each_connection(F f) {
  // Closing takes a connection out of the list, and may run code that closes others: those stay
  // readable until the end of the turn, and their `next` still leads on.
  for (http1::Connection* connection = connections_; connection != nullptr;) {
    http1::Connection* next = connection->next;
    f(*connection);
    connection = next;
  }
}

void Server::on_accepted(net::Accepted accepted) {
  if (!secure()) {
    return add_connection(std::make_unique<net::SocketTransport>(loop_, std::move(accepted.fd)),
                          accepted.peer);
  }
  try {
    handshakes_->begin(std::move(accepted));
  } catch (const std::system_error& error) {
    log(std::string("bao: a connection could not be watched: ") + error.what());
  }
}

// Of the protocols that ALPN may have chosen there is one codec for all.
void Server::on_secured(std::unique_ptr<net::Transport> transport, const net::PeerAddress& peer) {
  add_connection(std::move(transport), peer);
}

void Server::add_connection(std::unique_ptr<net::Transport> transport,
                            const net::PeerAddress& peer) {
  auto* connection = new http1::Connection(workspace_, std::move(transport), peer);
  connection->next = connections_;
  if (connections_ != nullptr) connections_->previous = connection;
  connections_ = connection;
  try {
    connection->start();
  } catch (const std::system_error& error) {
    // The kernel has no room to watch it (max_user_watches, memory): this one is lost, the others
    // live on.
    log(std::string("bao: a connection could not be watched: ") + error.what());
    return connection->cut(http::Failure::stopped);
  }
  if (!tells_connections_ || !table_) return;
  if (ConnectionHandler* handler = table_->connections()) handler->on_connected(*connection);
}

// What somebody gets who speaks HTTP to a port that expects TLS.
std::string Server::plain_text_reply() {
  const std::string text = "This port speaks HTTPS: ask for https://" + authority_ + "/\n";
  http1::OutputBuffer out;
  const http::Reply reply{
      .status = 400, .content_type = "text/plain;charset=utf-8", .body = text, .close = true};
  ++workspace_.counters.replies_by_class[4];
  http1::write_reply_head(out, reply, {.keep_alive = false}, workspace_.date_line());
  out.append(text);
  return std::string(out.view());
}

void Server::on_connection_closed(http1::Connection& connection) {
  if (connection.previous != nullptr) {
    connection.previous->next = connection.next;
  } else {
    connections_ = connection.next;
  }
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  if (dead_.empty()) {
    loop_.defer(net::Work([server = http::Reference<Server>(this)] { server->bury(); }));
  }
  dead_.emplace_back(&connection);
  if (connection.label != 0 && table_) {
    if (ConnectionHandler* handler = table_->connections()) handler->on_closed(connection);
  }
  check_stopped();
}

void Server::on_refused(http1::Connection& connection, const http1::Refusal& refusal) {
  if (!tells_refusals_ || !table_) return;
  if (ConnectionHandler* handler = table_->connections()) {
    handler->on_refused(connection, refusal.status, refusal.reason);
  }
}

void Server::on_tunnel_changed() {
  update_hold();
  check_stopped();
}

void Server::bury() {
  dead_.clear();
}

size_t Server::close_idle_connections() {
  size_t closed = 0;
  for_each_connection([&](http1::Connection& connection) {
    if (!connection.idle()) return;
    connection.close_when_done();
    ++closed;
  });
  return closed;
}

void Server::cut_connections() {
  for_each_connection(
      [](http1::Connection& connection) { connection.cut(http::Failure::aborted); });
}

// ---- Life

void Server::reload(http::Reference<Table> table, const WebSocketSettings& web_socket) {
  if (state_ == State::stopped) return;
  if (compression_) table->compress(*compression_);
  table_ = std::move(table);
  web_sockets_.use(table_, web_socket);
}

void Server::reload(http::Reference<Table> table, const WebSocketSettings& web_socket,
                    const tls::Options& tls) {
  if (!secure() && tls.enabled()) {
    throw SettingsError("tls",
                        "Option tls cannot be given to a server that was started without it:"
                        " stop it and start one with tls");
  }
  if (state_ == State::stopped) return;
  if (secure()) handshakes_->use(tls);
  reload(std::move(table), web_socket);
}

void Server::stop(bool force, net::Work on_stopped) {
  http::Reference<Server> keep(this);
  on_stopped_.push_back(std::move(on_stopped));
  if (state_ == State::listening) {
    state_ = State::stopping;
    workspace_.draining = true;
    close_acceptor();
  }
  for_each_connection([&](http1::Connection& connection) {
    if (force) {
      connection.cut(http::Failure::stopped);
    } else {
      connection.close_when_done();
    }
  });
  if (force) {
    web_sockets_.cut();
    tunnels_.cut();
  }
  check_stopped();
  if (force) abort_local_requests();
  update_hold();
}

void Server::close_acceptor() {
  acceptor_->close();
  loop_.retire(std::move(acceptor_));
  if (secure()) handshakes_->drop_all();
}

// The last connection of a server that stops is none before it is a tunnel.
Tunnel* Server::hand_over(http::Exchange& exchange, TunnelHandler& handler, std::string& input) {
  handing_over_ = true;
  std::optional<http::Upgraded> upgraded = exchange.hand_over();
  Tunnel* const tunnel = upgraded ? &tunnels_.open(*upgraded, handler) : nullptr;
  handing_over_ = false;
  if (upgraded) input = std::move(upgraded->input);
  check_stopped();
  return tunnel;
}

void Server::check_stopped() {
  if (handing_over_ || state_ == State::listening || connections_ != nullptr ||
      !web_sockets_.empty() || !tunnels_.empty())
    return;
  if (state_ == State::stopping) {
    state_ = State::stopped;
    loop_.remove_resident(*this);
    // The table's application may hold the server: this is what lets both go.
    table_ = {};
    web_sockets_.end();
    auto keep = std::move(self_);
    self_ = {};
    update_hold();
    for (net::Work& work : std::exchange(on_stopped_, {})) work();
    return;
  }
  for (net::Work& work : std::exchange(on_stopped_, {})) work();
}

void Server::on_loop_end() {
  http::Reference<Server> keep(this);
  stop(true, net::Work([] {}));
  loop_.remove_resident(*this);
}

void Server::set_referenced(bool referenced) {
  referenced_ = referenced;
  update_hold();
}

void Server::update_hold() {
  const bool wanted =
      (state_ == State::listening && referenced_) || pending_requests() > 0 ||
      tunnels_.keep_loop() ||
      (state_ == State::stopping && (connections_ != nullptr || !web_sockets_.empty()));
  if (wanted == holds_loop_) return;
  holds_loop_ = wanted;
  if (wanted) {
    loop_.hold();
  } else {
    loop_.release();
  }
}

}  // namespace bao::server
