#include <string>
#include <utility>

#include "http/displayed_text.h"
#include "tls/client_hello.h"
#include "tls/transport.h"

// From the first byte to the end of the handshake.
namespace bao::tls {

using Status = net::IoResult::Status;

namespace {
using namespace std::chrono_literals;

// How long, and for how much, a client that was refused is listened to, so that it sees our last
// words instead of a reset (RFC 9112 section 9.6).
constexpr auto kLinger = 2s;
constexpr size_t kMostLingered = 1 << 20;

// RFC 8446 section 6
constexpr unsigned char kInternalError = 80;
constexpr unsigned char kUnrecognizedName = 112;
}  // namespace

Transport::Transport(Workspace& workspace, std::unique_ptr<net::Transport> below,
                     std::shared_ptr<const Context> context)
    : workspace_(workspace), below_(std::move(below)), context_(std::move(context)) {
  ++workspace_.counters.handshakes_pending;
}

Transport::~Transport() {
  if (state_ != State::closed) close(false);
}

void Transport::start(HandshakeObserver& observer) {
  handshake_observer_ = &observer;
  below_->attach(*this);
  if (workspace_.handshake_timeout.count() > 0) {
    workspace_.timers.arm(*this, workspace_.now + workspace_.handshake_timeout);
  }
}

void Transport::leave(bool done) {
  --workspace_.counters.handshakes_pending;
  ++(done ? workspace_.counters.handshakes_done : workspace_.counters.handshakes_failed);
  workspace_.timers.disarm(*this);
}

void Transport::give_up() {
  close(false);
}

void Transport::fail() {
  give_up();
  handshake_observer_->on_handshake_failed(*this);
}

// ---- The ClientHello

void Transport::read_opening() {
  const std::span<char> wire = workspace_.read_buffer();
  const net::IoResult result = below_->read(wire);
  if (result.status == Status::would_block) return;
  if (result.status != Status::ok) return fail();
  rest_.append(wire.data(), result.bytes);
  std::string name;
  switch (read_client_hello(rest_, name)) {
    case Opening::incomplete:
      if (rest_.size() > kLargestHello) begin_handshake(nullptr);
      return;
    case Opening::hello: return choose_certificate(std::move(name));
    case Opening::text: return refuse_plain_text();
    case Opening::other: return begin_handshake(nullptr);
  }
}

void Transport::choose_certificate(std::string server_name) {
  const Context::Choice choice = context_->choose(server_name);
  choice_ = choice;
  server_name_ = std::move(server_name);
  const CertificateSource& source = context_->certificate_for();
  const bool wanted = !choice.named && (!server_name_.empty() || !choice.has_certificate);
  if (source == nullptr || !wanted) return begin_handshake(nullptr);
  // What else the client sends waits in the kernel.
  state_ = State::waiting;
  below_->want_read(false);
  request_ = std::make_shared<CertificateRequest>(server_name_,
                                                  static_cast<CertificateRequest::Waiter&>(*this));
  source(request_);
}

void Transport::on_certificate(std::shared_ptr<const Credentials> credentials) {
  request_ = nullptr;
  below_->want_read(true);
  const bool found = credentials != nullptr && !credentials->empty();
  if (!found && !choice_.has_certificate) return alert_and_fail(kUnrecognizedName);
  begin_handshake(found ? credentials.get() : nullptr);
}

void Transport::on_no_certificate(const std::string& reason) {
  request_ = nullptr;
  below_->want_read(true);
  workspace_.log("bao: no certificate for the name " + http::quote(server_name_) + ": " + reason);
  alert_and_fail(kInternalError);
}

// ---- The handshake

void Transport::begin_handshake(const Credentials* credentials) {
  if (choice_.context == nullptr) choice_ = context_->choose({});
  low_memory_mode_ = choice_.low_memory_mode;
  state_ = State::handshake;
  engine_ = std::make_unique<Engine>(*choice_.context, workspace_.output,
                                     low_memory_mode_ ? &workspace_.ciphers : nullptr);
  if (low_memory_mode_) SSL_set_max_send_fragment(engine_->ssl(), 4 * 1024);
  if (credentials != nullptr && !credentials->use(*engine_->ssl())) {
    workspace_.log("bao: the certificate for the name " + http::quote(server_name_) +
                   " is refused by OpenSSL: " + take_error());
    engine_ = nullptr;
    return alert_and_fail(kInternalError);
  }
  const std::string input = std::exchange(rest_, {});
  advance(input);
}

void Transport::read_handshake() {
  const std::span<char> wire = workspace_.read_buffer();
  const net::IoResult result = below_->read(wire);
  if (result.status == Status::would_block) return;
  if (result.status != Status::ok) return fail();
  advance({wire.data(), result.bytes});
}

void Transport::advance(std::string_view input) {
  begin_output();
  engine_->give(input);
  const Engine::Status status = engine_->handshake();
  if (status == Engine::Status::ok) {
    rest_ = engine_->rest();
    engine_->give({});
    return handshake_done();
  }
  engine_->give({});
  const bool has_alert = !workspace_.output.empty();
  if (!send_output()) return fail();
  if (status == Engine::Status::want_input) return;
  if (has_alert) return linger();
  fail();
}

void Transport::handshake_done() {
  if (!send_output()) return fail();
  state_ = State::open;
  leave(true);
  if (engine_->resumed()) ++workspace_.counters.handshakes_resumed;
  // OpenSSL's connection would need it: what it has of tickets belongs to the context.
  if (engine_->ssl() == nullptr) context_ = nullptr;
  handshake_observer_->on_handshake_done(*this);
  // The request may have come along with the handshake's last bytes.
  if (state_ == State::open && observer_ != nullptr && read_wanted_ && input_left()) {
    observer_->on_readable();
  }
}

// ---- Refusals

void Transport::refuse_plain_text() {
  ++workspace_.counters.plain_requests;
  workspace_.output = workspace_.plain_reply();
  if (!send_output()) return fail();
  linger();
}

void Transport::alert_and_fail(unsigned char description) {
  // RFC 8446 sections 5.1 and 6: a record with one fatal alert.
  const char alert[] = {21, 3, 3, 0, 2, 2, static_cast<char>(description)};
  workspace_.output.assign(alert, sizeof alert);
  if (!send_output()) return fail();
  linger();
}

// Ends our side, and reads on until the client has ended its own.
void Transport::linger() {
  state_ = State::refusing;
  std::string().swap(rest_);
  if (unsent_.empty()) {
    below_->finish_writing();
  } else {
    finish_due_ = true;
  }
  workspace_.timers.arm(*this, workspace_.now + kLinger);
}

void Transport::read_refused() {
  const net::IoResult result = below_->read(workspace_.read_buffer());
  if (result.status == Status::would_block) return;
  refused_bytes_ += result.bytes;
  if (result.status != Status::ok || refused_bytes_ > kMostLingered) fail();
}

}  // namespace bao::tls
