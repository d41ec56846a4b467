#include <algorithm>
#include <cassert>
#include <utility>

#include "http/status.h"
#include "http1/connection.h"

// The way out: replies to bytes, and everything that ends a connection. The way in is in
// connection.cc.
namespace bao::http1 {

using http::Failure;
using Status = net::IoResult::Status;

namespace {
// What a lingering connection reads before it is given up.
constexpr uint64_t kMostLingered = 1 << 20;
// How often a connection whose peer is slow is looked at, to tell slow from idle.
constexpr std::chrono::milliseconds kBetweenLooks{1000};

// The end of a span of time, of which zero and whatever the clock cannot hold stand for ever.
net::TimePoint after(net::TimePoint start, std::chrono::milliseconds span) {
  using std::chrono::milliseconds;
  const auto most = std::chrono::duration_cast<milliseconds>(net::TimePoint::max() - start);
  return span <= milliseconds::zero() || span >= most ? net::TimePoint::max() : start + span;
}

std::string_view lines_of(const std::unique_ptr<Fields>& fields) {
  return fields == nullptr ? std::string_view() : fields->lines();
}
}  // namespace

// ---- Replies

void Connection::send_reply(http::Exchange&, const http::Reply& reply) {
  if (out_ != nullptr) return write_reply(reply);
  begin_turn(std::string_view(held_).substr(held_start_));
  write_reply(reply);
  take_steps();
  end_turn();
}

void Connection::write_reply(const http::Reply& reply) {
  const http::RequestHead& head = exchange_->head;
  const bool head_request = head.method_id == http::Method::head;
  const bool content = http::reply_has_content(reply.status, head_request);
  const bool streams = reply.streamed && content;
  const bool drops_body = reply.drops_body && !exchange_->body_wanted() &&
                          (body_mode_ == BodyMode::unread || body_mode_ == BodyMode::collecting);
  assert(reply.status >= 200 && reply.status <= 599);
  if (body_mode_ != BodyMode::none && head.expects_continue) {
    // The client still waits for a 100 and may or may not send its body now (RFC 9110
    // section 10.1.1).
    close_after_ = linger_ = true;
    body_mode_ = BodyMode::none;
    exchange_->fail_body(Failure::aborted);
  } else if (body_mode_ != BodyMode::none && !head.chunked && (!streams || drops_body)) {
    close_after_ |= body_.remaining() > workspace_.settings.max_discarded_bytes;
  }
  if (streams) {
    content_due_ = true;
    content_left_ = reply.length.value_or(0);
    content_coding_ = content_coding(reply, head.minor_version == 0);
    burst_ = 0;
    close_after_ |= content_coding_ == ContentCoding::until_close;
  }
  close_after_ |= !head.keep_alive || workspace_.draining || asks_to_close(reply);
  // A client that did not ask for the end may have sent more already.
  linger_ |= close_after_ && head.keep_alive;
  replied_ = true;
  ++workspace_.counters.replies_by_class[static_cast<size_t>(reply.status) / 100];
  write_reply_head(*out_, reply,
                   {.http_1_0 = head.minor_version == 0,
                    .head_request = head_request,
                    .keep_alive = !close_after_,
                    .added_lines = lines_of(exchange_->added_fields)},
                   workspace_.date_line());
  if (streams && drops_body && body_mode_ != BodyMode::none) give_up_body();
  if (!content) return;
  if (reply.file != nullptr) return send_file(*reply.file);
  if (reply.body.size() <= kJoined) {
    out_->append(reply.body);
  } else {
    send_large(reply);
  }
}

// Sends what is gathered and the body in one write; keeps what does not fit without copying the
// body if its owner gives it away.
void Connection::send_large(const http::Reply& reply) {
  size_t sent = 0;
  if (queue_ == nullptr) {
    std::string_view before = out_->view();
    const iovec pieces[] = {{const_cast<char*>(before.data()), before.size()},
                            {const_cast<char*>(reply.body.data()), reply.body.size()}};
    net::IoResult result = transport_->write(pieces);
    if (result.status == Status::broken) return close(false, Failure::client_gone);
    workspace_.counters.bytes_out += result.bytes;
    if (result.bytes > 0) last_activity_ = workspace_.now;
    if (result.bytes == before.size() + reply.body.size()) return out_->clear();
    queue_ = std::make_unique<OutputQueue>();
    queue_->append_copy(before.substr(std::min(before.size(), result.bytes)));
    sent = result.bytes - std::min(before.size(), result.bytes);
  } else {
    queue_->append_copy(out_->view());
  }
  out_->clear();
  if (reply.body_shared != nullptr) {
    queue_->append(*reply.body_shared, sent);
  } else if (reply.body_text != nullptr) {
    queue_->append(std::move(*reply.body_text), sent);
  } else {
    queue_->append(std::string(reply.body.substr(sent)), 0);
  }
}

bool Connection::send_content(http::Exchange&, std::string_view piece) {
  if (piece.empty()) return true;
  if (content_coding_ == ContentCoding::length) {
    // More than was announced would be taken for the next reply.
    if (piece.size() > content_left_) {
      close(true, Failure::aborted);
      return false;
    }
    content_left_ -= piece.size();
  }
  const bool own_turn = out_ == nullptr;
  if (own_turn) begin_turn(std::string_view(held_).substr(held_start_));
  if (content_coding_ == ContentCoding::chunked) {
    write_chunk(*out_, piece);
  } else {
    out_->append(piece);
  }
  if (own_turn) {
    end_turn();
  } else if (out_->size() > workspace_.settings.output_high_water) {
    flush();
  }
  if (closed_) return false;
  burst_ += piece.size();
  peer_behind_ = output_blocked() || burst_ > kMostAtATurn;
  // A peer that takes everything at once is no reason to serve it alone.
  if (peer_behind_ && queue_ == nullptr) {
    transport_->want_write(true);
    untaken_ = 0;
    ensure_timer();
  }
  return !peer_behind_;
}

void Connection::end_content(http::Exchange&, const Fields* trailers) {
  if (content_coding_ == ContentCoding::length && content_left_ > 0) {
    return close(true,
                 Failure::aborted);  // the peer must not take less than was announced for the whole
  }
  const bool own_turn = out_ == nullptr;
  if (own_turn) begin_turn(std::string_view(held_).substr(held_start_));
  if (content_coding_ == ContentCoding::chunked) write_last_chunk(*out_, trailers);
  content_due_ = peer_behind_ = false;
  // The connection ends now, so what is left of the body need not be read to its end.
  if (close_after_ && body_mode_ == BodyMode::discarding) body_mode_ = BodyMode::none;
  if (!own_turn) return;
  take_steps();
  end_turn();
}

bool Connection::gather() {
  if (out_ != nullptr || closed_) return false;
  begin_turn(std::string_view(held_).substr(held_start_));
  return true;
}

void Connection::send_ahead() {
  if (closed_ || queue_ != nullptr || out_->empty()) return;
  sent_ahead_ = transport_->write_ahead(out_->view());
}

// What was sent ahead must be accounted for before the next request of a pipeline adds its reply.
void Connection::send_gathered() {
  if (std::exchange(sent_ahead_, false) && !closed_) flush();
  take_steps();
  end_turn();
}

// What was gathered in this turn goes along with the 101, so all of it leaves in one write.
std::optional<http::Upgraded> Connection::upgrade(http::Exchange& exchange,
                                                  std::string_view protocol, const Fields& fields) {
  if (exchange.head.minor_version == 0) return std::nullopt;
  std::optional<http::Upgraded> upgraded = hand_over(exchange);
  if (!upgraded) return std::nullopt;
  upgraded->output += upgrade_head(protocol, fields, workspace_.date_line());
  ++workspace_.counters.replies_by_class[1];
  return upgraded;
}

std::optional<http::Upgraded> Connection::hand_over(http::Exchange& exchange) {
  // A file that waits could not be handed over, and bytes of a body would be taken for frames.
  if (queue_ != nullptr || body_mode_ != BodyMode::none) return std::nullopt;
  http::Upgraded upgraded;
  upgraded.peer = peer_;
  upgraded.label = std::exchange(label, 0);
  if (out_ == nullptr) {
    upgraded.input.assign(held_, held_start_);
    std::string().swap(held_);  // in a turn the present head may lie in it
  } else {
    upgraded.output = out_->view();
    upgraded.input = input_;
    out_->clear();
  }
  upgraded.transport = std::move(transport_);
  closed_ = true;
  workspace_.timers.disarm(*this);
  exchange.detach();
  let_go();
  return upgraded;
}

void Connection::send_interim(http::Exchange& exchange, int status, const Fields& fields) {
  if (exchange.head.minor_version == 0) return;
  if (status == 100) exchange.head.expects_continue = false;
  const bool own_turn = out_ == nullptr;
  if (own_turn) begin_turn(std::string_view(held_).substr(held_start_));
  write_interim(*out_, status, fields);
  if (own_turn) end_turn();
}

void Connection::refuse(const Refusal& refusal, Failure cause) {
  // Half a reply is out: only a reset tells the peer that it is not the whole.
  if (content_due_) return close(true, cause);
  const bool own_turn = out_ == nullptr;
  if (own_turn) begin_turn({});
  const bool already_replied = in_exchange_ && replied_;
  bool head_request = false;
  std::unique_ptr<Fields> added;
  close_after_ = linger_ = true;
  fresh_ = false;
  input_ = {};
  if (exchange_ != nullptr) {
    head_request = exchange_->head.method_id == http::Method::head;
    if (in_exchange_) --workspace_.counters.requests_pending;
    in_exchange_ = false;
    body_mode_ = BodyMode::none;
    http::Exchange* exchange = std::exchange(exchange_, nullptr);
    // The handler learns of it here, and may do anything but reply.
    exchange->cut(cause);
    added = std::move(exchange->added_fields);
    exchange->release();
  }
  // What was told of the cut may have closed it.
  if (!closed_) workspace_.owner.on_refused(*this, refusal);
  if (!already_replied && !closed_) write_error_reply(refusal, head_request, lines_of(added));
  if (own_turn) end_turn();
}

void Connection::write_error_reply(const Refusal& refusal, bool head_request,
                                   std::string_view added_lines) {
  std::string text(refusal.reason);
  text += '\n';
  const http::Reply reply{.status = refusal.status,
                          .content_type = "text/plain;charset=utf-8",
                          .body = text,
                          .close = true};
  ++workspace_.counters.replies_by_class[static_cast<size_t>(refusal.status) / 100];
  write_reply_head(*out_, reply,
                   {.head_request = head_request, .keep_alive = false, .added_lines = added_lines},
                   workspace_.date_line());
  if (!head_request) out_->append(text);
}

// ---- Output

bool Connection::output_blocked() const {
  return queue_ != nullptr && queue_->size() > workspace_.settings.output_high_water;
}

// Bytes that could not be used yet must be used first, and a peer that does not read its replies is
// not given more to reply to; but a body that nobody wants is taken, because its client may not
// read before it has sent all of it.
bool Connection::wants_input() const {
  return !peer_finished_ && held_.empty() &&
         (!output_blocked() || body_mode_ == BodyMode::discarding);
}

void Connection::flush() {
  if (out_->empty()) return;
  std::string_view bytes = out_->view();
  if (queue_ == nullptr) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    net::IoResult result = transport_->write({&piece, 1});
    if (result.status == Status::broken) return close(false, Failure::client_gone);
    workspace_.counters.bytes_out += result.bytes;
    if (result.bytes > 0) last_activity_ = workspace_.now;
    bytes.remove_prefix(result.bytes);
    if (!bytes.empty()) queue_ = std::make_unique<OutputQueue>();
  }
  if (!bytes.empty()) queue_->append_copy(bytes);
  out_->clear();
}

void Connection::on_writable() {
  const uint64_t before = workspace_.counters.bytes_out;
  const bool was_blocked = output_blocked();
  burst_ = 0;
  if (queue_ != nullptr) {
    Status status = queue_->write(*transport_, workspace_.counters.bytes_out);
    if (status == Status::broken) return close(false, Failure::client_gone);
    // The file has become shorter than was announced.
    if (status == Status::no_source) return close(true, Failure::aborted);
    burst_ = workspace_.counters.bytes_out - before;
    if (workspace_.counters.bytes_out != before) last_activity_ = workspace_.now;
    if (queue_->empty()) queue_ = nullptr;
  }
  if (queue_ == nullptr) transport_->want_write(false);
  // While the output was blocked nothing was read, so a head that had begun could not go on.
  if (was_blocked && !output_blocked()) head_started_ = workspace_.now;
  if (peer_behind_ && !output_blocked()) {
    peer_behind_ = false;
    burst_ = 0;
    exchange_->on_drained();
    if (closed_) return;
  }
  run_turn(std::string_view(held_).substr(held_start_));
}

// ---- Ends

// Bytes may still wait before the peer's end; they are read when their turn comes.
void Connection::on_peer_finished() {
  tell_client_gone();
}

void Connection::on_hangup() {
  close(false, Failure::client_gone);
}

// The peer's last byte has been seen. A reply that is under way is still sent: the peer may have
// closed only its sending side (RFC 9112 section 9.6 lets it).
void Connection::peer_ended() {
  if (peer_finished_) return;
  peer_finished_ = true;
  tell_client_gone();
  if (!closed_ && out_ == nullptr) settle();
}

// The peer may read on, or be gone altogether: that it would say, by a reset, only in answer to
// something that is sent, and a stream's producer may be silent for long. A chunk's size may begin
// with a zero (RFC 9112 section 7.1), so one is sent before there is a chunk.
void Connection::tell_client_gone() {
  if (!in_exchange_ || exchange_->client_gone()) return;
  exchange_->signal_client_gone();
  const bool silent = content_due_ && !peer_behind_;
  if (closed_ || !silent || content_coding_ != ContentCoding::chunked) return;
  const bool own_turn = out_ == nullptr;
  if (own_turn) begin_turn(std::string_view(held_).substr(held_start_));
  out_->append("0");
  if (own_turn) end_turn();
}

void Connection::close_when_done() {
  if (closed_ || lingering_) return;
  close_after_ = true;
  if (!in_exchange_ && queue_ == nullptr && out_ == nullptr) return close(false, Failure::stopped);
  // The reply that is on its way does not say that it is the last one, so more requests may be.
  linger_ |= replied_;
}

void Connection::cut(Failure cause) {
  if (closed_) return;
  close(exchange_ != nullptr || queue_ != nullptr, cause);
}

void Connection::drop(bool reset) {
  if (closed_) return;
  // Replies to requests before this one may still be gathered.
  if (out_ != nullptr) flush();
  close(reset || content_due_ || queue_ != nullptr, Failure::aborted);
}

void Connection::abort(http::Exchange&) {
  drop(true);
}

// Everything that is to be sent is sent. If the peer may still be sending, closing now would reset
// the connection, and a reset may take our last reply away before the peer has read it (RFC 9112
// section 9.6).
void Connection::finish() {
  if (!linger_ || peer_finished_) return close(false, Failure::none);
  lingering_ = true;
  discarded_ = 0;
  std::string().swap(held_);
  transport_->finish_writing();
  transport_->want_write(false);
  transport_->want_read(true);
  workspace_.timers.arm(*this, workspace_.now + workspace_.settings.linger_timeout);
}

void Connection::linger_read() {
  net::IoResult result = transport_->read(workspace_.read_buffer());
  if (result.status == Status::would_block) return;
  discarded_ += result.bytes;
  workspace_.counters.bytes_in += result.bytes;
  if (result.status != Status::ok || discarded_ > kMostLingered) close(false, Failure::none);
}

// The exchange, if there is one, is over, and so is the connection.
void Connection::let_go() {
  --workspace_.counters.connections_open;
  if (in_exchange_) --workspace_.counters.requests_pending;
  in_exchange_ = false;
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->release();
  workspace_.owner.on_connection_closed(*this);
}

void Connection::close(bool reset, Failure cause) {
  if (closed_) return;
  closed_ = true;
  workspace_.timers.disarm(*this);
  transport_->close(reset);
  queue_ = nullptr;
  if (out_ == nullptr) std::string().swap(held_);  // in a turn the present head may lie in it
  --workspace_.counters.connections_open;
  if (exchange_ != nullptr) {
    if (in_exchange_) --workspace_.counters.requests_pending;
    in_exchange_ = false;
    http::Exchange* exchange = std::exchange(exchange_, nullptr);
    exchange->cut(cause == Failure::none ? Failure::client_gone : cause);
    exchange->release();
  }
  workspace_.owner.on_connection_closed(*this);
}

// ---- Time

void Connection::set_idle_timeout(std::chrono::milliseconds timeout) {
  idle_timeout_ = timeout;
  last_activity_ = workspace_.now;
  if (!closed_) ensure_timer();
}

// When the connection must be looked at if nothing happens; the end of time for never.
net::TimePoint Connection::deadline() const {
  net::TimePoint when = after(last_activity_, idle_timeout_);
  const bool awaits_head = !in_exchange_ && (exchange_ != nullptr || fresh_) && !output_blocked();
  if (awaits_head) when = std::min(when, after(head_started_, workspace_.settings.head_timeout));
  return when;
}

// The timer may be early, never late: traffic only moves `last_activity_`, and on_timer looks
// again.
void Connection::ensure_timer() {
  if (lingering_) return;
  net::TimePoint when = deadline();
  if (when == net::TimePoint::max()) return;
  const bool looks = queue_ != nullptr || peer_behind_;
  if (looks && idle_timeout_ > std::chrono::milliseconds::zero()) {
    when = std::min(when,
                    workspace_.now + net::Duration(std::min(idle_timeout_, 4 * kBetweenLooks)) / 4);
  }
  if (!armed() || Timer::deadline() > when) workspace_.timers.arm(*this, when);
}

void Connection::on_timer() {
  if (lingering_) return close(false, Failure::none);
  // A kernel whose buffer is large asks for more only now and then: in between a peer that reads
  // slowly but steadily must not be taken for idle.
  if (peer_moved()) last_activity_ = workspace_.now;
  if (deadline() > workspace_.now) return ensure_timer();
  if (wants_input()) {
    // The program may have been held up: what has arrived in time is not late.
    on_readable();
    if (closed_ || armed()) return;
  }
  time_out();
}

// Whether a peer that is behind has taken anything since the last look. All of a stream may be with
// the kernel, which asks for more when much of it has been taken.
bool Connection::peer_moved() {
  if (queue_ != nullptr) return queue_->peer_moved(*transport_);
  if (!peer_behind_) return false;
  const std::optional<size_t> untaken = transport_->untaken();
  return untaken && *untaken < std::exchange(untaken_, *untaken);
}

void Connection::time_out() {
  if (queue_ != nullptr && after(last_activity_, idle_timeout_) <= workspace_.now) {
    return close(true, Failure::timed_out);  // the peer does not take our reply
  }
  if (!in_exchange_) {
    if (exchange_ == nullptr) return close(false, Failure::timed_out);
    return refuse({408, "the request's head did not arrive in time"}, Failure::timed_out);
  }
  if (reading_body() && !exchange_->body_full()) {
    return refuse({408, "the request's body did not arrive in time"}, Failure::timed_out);
  }
  close(content_due_, Failure::timed_out);  // the handler was silent for too long
}

}  // namespace bao::http1
