#include <algorithm>
#include <stdexcept>
#include <utility>

#include <bao/server.h>

#include "api/app.h"
#include "api/call.h"
#include "api/server_state.h"
#include "api/tls_options.h"
#include "server/local_request.h"

namespace bao {

namespace detail {

void StopState::finish() {
  done = true;
  // A coroutine that is resumed may destroy others that wait, which then leave the list.
  while (!waiting.empty()) {
    Stopping::Awaiter* awaiter = waiting.back();
    waiting.pop_back();
    std::exchange(awaiter->waiting_, nullptr).resume();
  }
}

}  // namespace detail

Stopping::Awaiter::~Awaiter() {
  if (waiting_) std::erase(state_->waiting, this);
}

bool Stopping::Awaiter::await_ready() const {
  return state_->done;
}

void Stopping::Awaiter::await_suspend(std::coroutine_handle<> waiting) {
  waiting_ = waiting;
  state_->waiting.push_back(this);
}

bool Stopping::done() const {
  return state_->done;
}

// ---- Facts

std::optional<int> Server::port() const {
  if (address().family == SocketAddress::Family::unix_domain) return std::nullopt;
  return address().port;
}

std::optional<std::string> Server::hostname() const {
  if (address().family == SocketAddress::Family::unix_domain) return std::nullopt;
  return state_->core().hostname();
}

std::string Server::url() const {
  return state_->core().url();
}
std::string_view Server::protocol() const {
  return state_->core().scheme();
}
SocketAddress Server::address() const {
  return state_->core().local();
}
const std::string& Server::id() const {
  return state_->core().settings().id;
}
bool Server::development() const {
  return state_->core().development();
}
std::uint64_t Server::pending_requests() const {
  return state_->core().pending_requests();
}

std::uint64_t Server::pending_web_sockets() const {
  return state_->core().web_sockets().open();
}

Counters Server::counters() const {
  const http1::Counters& counters = state_->core().counters();
  const websocket::Counters& sockets = state_->core().web_sockets().counters();
  const tls::Counters tls = state_->core().tls_counters();
  return {.connections_open = counters.connections_open + sockets.open,
          .connections_total = counters.connections_total,
          .requests_pending = pending_requests(),
          .requests_total = counters.requests_total,
          .bytes_in = counters.bytes_in + sockets.bytes_in,
          .bytes_out = counters.bytes_out + sockets.bytes_out,
          .replies_by_class = counters.replies_by_class,
          .handshakes_pending = tls.handshakes_pending,
          .handshakes_done = tls.handshakes_done,
          .handshakes_resumed = tls.handshakes_resumed,
          .handshakes_failed = tls.handshakes_failed,
          .incomplete_closes = tls.incomplete_closes};
}

// ---- Life

Stopping Server::stop(bool force) {
  auto state = std::make_shared<detail::StopState>();
  state_->core().stop(force, net::Work([state] { state->finish(); }));
  return Stopping(std::move(state));
}

std::size_t Server::close_idle_connections() {
  return state_->core().close_idle_connections();
}

void Server::reload(ReloadOptions options) {
  try {
    const auto settings = detail::checked_web_socket_settings(options.websocket);
    auto table = detail::make_table(*this,
                                    {.routes = options.routes,
                                     .fetch = std::move(options.fetch),
                                     .error = std::move(options.error),
                                     .web_sockets = std::move(options.websocket)},
                                    development());
    const auto tls = detail::tls_options(options.tls, options.certificate_for, options.ticket_keys);
    state_->core().reload(std::move(table), settings, tls);
  } catch (const server::SettingsError& error) {
    throw OptionError(error.option(), error.what());
  }
}

// ---- WebSockets

bool Server::upgrade(Request& request, UpgradeOptions options) {
  server::Exchange& exchange = detail::Call::of(request).exchange();
  server::WebSockets& sockets = exchange.server().web_sockets();
  if (!sockets.enabled()) {
    throw std::logic_error(
        "Server::upgrade: there are no handlers of WebSockets: give serve() at least one in "
        ".websocket");
  }
  server::WebSockets::Upgrade upgrade{.fields = std::move(options.headers),
                                      .protocol = options.protocol};
  if (options.data.value_ != nullptr) {
    upgrade.data = std::make_unique<detail::HeldData>(std::move(options.data.value_));
  }
  return sockets.upgrade(exchange, std::move(upgrade));
}

bool Server::upgrade(Request& request) {
  return upgrade(request, UpgradeOptions());
}

std::size_t Server::publish(std::string_view topic, std::string_view text, bool compress) {
  return state_->core().web_sockets().publish(topic, {text, true, compress});
}

std::size_t Server::publish_binary(std::string_view topic, std::string_view bytes, bool compress) {
  return state_->core().web_sockets().publish(topic, {bytes, false, compress});
}

std::size_t Server::publish_binary(std::string_view topic, std::span<const std::byte> bytes,
                                   bool compress) {
  return publish_binary(
      topic, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), compress);
}

std::size_t Server::subscriber_count(std::string_view topic) const {
  return state_->core().web_sockets().subscriber_count(topic);
}

void Server::ref() {
  state_->core().set_referenced(true);
}
void Server::unref() {
  state_->core().set_referenced(false);
}

// ---- Requests

namespace {

// What Server::fetch keeps of a file, which is all of it or nothing.
constexpr uint64_t kMostContent = 128 << 20;

std::string content_of(const http::FileContent& file) {
  if (file.length > kMostContent) {
    throw std::runtime_error("Server::fetch: the reply is a file of " +
                             std::to_string(file.length) + " bytes, and 128 MiB can be kept");
  }
  auto content = server::read_content(file);
  if (!content) throw std::runtime_error("Server::fetch: the file has become shorter");
  return std::move(*content);
}

/// Waits for the reply to a local request.
class LocalFetch {
 public:
  LocalFetch(server::Server& server, const std::string& target, FetchOptions options)
      : state_(std::make_shared<State>()) {
    server::LocalRequest::start(server, options.method, target, options.fields,
                                std::move(options.body),
                                [state = state_](server::LocalReply reply) {
                                  state->reply = std::move(reply);
                                  state->done = true;
                                  if (state->waiting) state->waiting.resume();
                                });
  }
  LocalFetch(const LocalFetch&) = delete;
  LocalFetch& operator=(const LocalFetch&) = delete;
  ~LocalFetch() { state_->waiting = nullptr; }

  bool await_ready() const { return state_->done; }
  void await_suspend(std::coroutine_handle<> waiting) const { state_->waiting = waiting; }
  server::LocalReply await_resume() const { return std::move(state_->reply); }

 private:
  struct State {
    server::LocalReply reply;
    bool done = false;
    std::coroutine_handle<> waiting = nullptr;
  };
  std::shared_ptr<State> state_;
};

}  // namespace

Task<Response> Server::fetch(std::string target, FetchOptions options) {
  std::shared_ptr<detail::ServerState> state = state_;
  if (state->core().state() == server::Server::State::stopped) {
    throw std::runtime_error("Server::fetch: the server is stopped");
  }
  LocalFetch fetching(state->core(), target, std::move(options));
  server::LocalReply reply = co_await fetching;
  if (reply.status == 0) throw std::runtime_error("Server::fetch: the request was aborted");
  if (reply.file) reply.body = content_of(*reply.file);
  Response response = Response::bytes(std::move(reply.body));
  response.status(reply.status);
  response.fields() = std::move(reply.fields);
  co_return response;
}

Task<Response> Server::fetch(std::string target) {
  return fetch(std::move(target), FetchOptions());
}

std::optional<SocketAddress> Server::request_ip(const Request& request) const {
  return request.address();
}

void Server::timeout(Request& request, std::chrono::milliseconds timeout) {
  if (timeout.count() < 0) {
    throw std::invalid_argument("Server::timeout of " + std::to_string(timeout.count()) +
                                " ms: give a duration that is not negative, 0 for none");
  }
  // "For ever" as the longest duration there is would overflow when it is added to a point in time.
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365 * 100);
  http::Stream* stream = detail::Call::of(request).exchange().stream();
  if (stream != nullptr) stream->set_idle_timeout(std::min(timeout, kLongest));
}

bool Server::abort(Request& request) {
  return detail::Call::of(request).exchange().abort();
}

}  // namespace bao
