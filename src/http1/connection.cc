#include "http1/connection.h"

#include <algorithm>
#include <utility>

#include "http1/request_rules.h"

// The way in: bytes to exchanges. The way out, time and ends are in connection_output.cc,
// files in connection_file.cc.
namespace bao::http1 {

using http::Exchange;
using http::Failure;
using Status = net::IoResult::Status;

namespace {
// Replies are sent when a turn has gathered this much, so that a long pipeline does not gather
// without bound.
constexpr size_t kFlushAt = 128 * 1024;
// The most that is reserved for a body on the strength of its announced length alone.
constexpr uint64_t kReservedBody = 64 * 1024;

constexpr Refusal kBodyTooLarge{413, "the body is larger than this server takes"};
constexpr Refusal kCutBody{400, "the connection ended inside the body"};
}  // namespace

Connection::Connection(Workspace& workspace, std::unique_ptr<net::Transport> transport,
                       const net::PeerAddress& peer)
    : workspace_(workspace),
      transport_(std::move(transport)),
      last_activity_(workspace.now),
      head_started_(workspace.now),
      idle_timeout_(workspace.settings.idle_timeout),
      peer_(peer) {
  ++workspace_.counters.connections_open;
  ++workspace_.counters.connections_total;
}

Connection::~Connection() {
  if (closed_) return;
  --workspace_.counters.connections_open;
  if (in_exchange_) --workspace_.counters.requests_pending;
  if (exchange_ == nullptr) return;
  exchange_->cut(Failure::stopped);
  exchange_->release();
}

void Connection::start() {
  transport_->attach(*this);
  ensure_timer();
}

void Connection::on_readable() {
  if (lingering_) return linger_read();
  burst_ = 0;
  std::span<char> buffer = workspace_.read_buffer();
  net::IoResult result = transport_->read(buffer);
  switch (result.status) {
    case Status::ok:
      last_activity_ = workspace_.now;
      workspace_.counters.bytes_in += result.bytes;
      run_turn({buffer.data(), result.bytes});
      return;
    case Status::would_block:
    case Status::no_source: return;
    case Status::end: return peer_ended();
    case Status::broken: return close(false, Failure::client_gone);
  }
}

// ---- Turns

void Connection::begin_turn(std::string_view input) {
  out_ = workspace_.take_output();
  input_ = input;
}

void Connection::run_turn(std::string_view input) {
  begin_turn(input);
  take_steps();
  end_turn();
}

void Connection::take_steps() {
  while (!closed_ && step()) {
    if (out_->size() >= kFlushAt) flush();
  }
}

void Connection::end_turn() {
  if (!closed_) {
    hold_input();
    flush();
  }
  workspace_.give_back(std::move(out_));
  if (closed_) {
    std::string().swap(held_);
  } else {
    settle();
  }
}

// Keeps what this turn could not consume. Input that was held before is kept in place.
void Connection::hold_input() {
  if (input_.empty()) {
    // An idle connection owns no buffer; assigning an empty string would keep it.
    if (!held_.empty()) std::string().swap(held_);
    held_start_ = 0;
  } else if (input_.data() >= held_.data() && input_.data() < held_.data() + held_.size()) {
    held_start_ = static_cast<uint32_t>(input_.data() - held_.data());
  } else {
    held_.assign(input_);
    held_start_ = 0;
  }
  input_ = {};
}

// Brings the transport's interest and the timer in line with the state that a turn has left.
void Connection::settle() {
  if (close_after_ && !in_exchange_ && queue_ == nullptr) return finish();
  if (peer_finished_ && held_.empty()) {
    // The reply goes on to a client that has stopped short of a body which nobody wanted.
    if (content_due_ && body_mode_ == BodyMode::discarding) {
      close_after_ = true;
      body_mode_ = BodyMode::none;
    }
    if (reading_body()) return refuse(kCutBody, Failure::client_gone);
    if (!in_exchange_ && queue_ == nullptr) return close(false, Failure::client_gone);
  }
  transport_->want_read(wants_input());
  if (queue_ != nullptr) transport_->want_write(true);
  ensure_timer();
}

bool Connection::step() {
  if (!in_exchange_) return read_head();
  const bool replied = replied_ && !content_due_;
  if (replied && (body_mode_ == BodyMode::unread || body_mode_ == BodyMode::collecting)) {
    give_up_body();
    return true;
  }
  if (reading_body() && !read_body()) return false;
  if (!in_exchange_) return true;  // read_body refused what it saw
  if (!replied_ || content_due_) return false;
  // Whoever read the body may have replied before its end, which then comes first.
  if (body_mode_ == BodyMode::none) end_exchange();
  return true;
}

// ---- Heads

bool Connection::read_head() {
  if (close_after_) {
    if (!input_.empty()) linger_ = true;
    input_ = {};
    return false;
  }
  if (input_.empty() || output_blocked()) return false;
  if (!skip_empty_lines()) return true;
  const HeadLimits& limits = workspace_.settings.head;
  if (exchange_ == nullptr) {
    exchange_ = &workspace_.handler.make_exchange();
    exchange_->retain();
    // Half an empty line begins nothing: a new connection cannot buy time with it.
    if (!fresh_ || input_ != "\r") head_started_ = workspace_.now;
  }
  // A head that comes in pieces is gathered in the exchange; one that comes whole is read where it
  // lies.
  std::string& gathered = exchange_->head.storage();
  const size_t before = gathered.size();
  ParseStatus status;
  if (before == 0) {
    status = parser_.parse(input_, limits, exchange_->head);
    if (status == ParseStatus::incomplete) {
      gathered.assign(input_);
      input_ = {};
    }
  } else {
    const size_t taken = std::min<size_t>(input_.size(), limits.max_bytes - before);
    gathered.append(input_.substr(0, taken));
    status = parser_.parse(gathered, limits, exchange_->head);
    if (status == ParseStatus::incomplete) input_.remove_prefix(taken);
  }
  if (status == ParseStatus::refused) {
    refuse(parser_.refusal(), Failure::none);
    return true;
  }
  if (status == ParseStatus::incomplete) return true;
  input_.remove_prefix(parser_.head_size() - before);
  if (before > 0) {
    gathered.resize(parser_.head_size());
    exchange_->head.borrow(gathered);
  }
  begin_exchange();
  return true;
}

// Empty lines before a request line are no part of it (RFC 9112 section 2.2): a client that ends a
// body with one too many is idle, not late with a head. False if there was one.
bool Connection::skip_empty_lines() {
  if (exchange_ == nullptr) {
    if (!input_.starts_with("\r\n")) return true;
    input_.remove_prefix(2);
    return false;
  }
  if (exchange_->head.storage() != "\r" || input_.front() != '\n') return true;
  input_.remove_prefix(1);
  parser_.reset();
  std::exchange(exchange_, nullptr)->release();
  return false;
}

void Connection::begin_exchange() {
  parser_.reset();
  fresh_ = false;
  http::RequestHead& head = exchange_->head;
  if (Refusal refusal =
          apply_request_rules(head, workspace_.settings.secure, workspace_.settings.takes_all))
    return refuse(refusal, Failure::none);
  if (!head.chunked && head.content_length > workspace_.settings.max_body_bytes &&
      head.content_length > workspace_.handler.largest_body()) {
    return refuse(kBodyTooLarge, Failure::body_too_large);
  }
  if (head.chunked || head.content_length > 0) {
    body_ = head.chunked ? BodyDecoder::chunked(workspace_.settings.head)
                         : BodyDecoder::with_length(head.content_length);
    if (Refusal refusal = look_ahead()) return refuse(refusal, Failure::malformed_body);
    body_mode_ = BodyMode::unread;
  }
  in_exchange_ = true;
  replied_ = false;
  exchange_->body_limit = workspace_.settings.max_body_bytes;
  exchange_->attach(*this);
  ++workspace_.counters.requests_total;
  ++workspace_.counters.requests_pending;
  // The handler may end the connection and still go on with the exchange.
  http::Reference<Exchange> keep(exchange_);
  workspace_.handler.on_request(*keep);
  const uint32_t ours = exchange_ == keep.get() ? 2 : 1;
  if (!keep->replied() || keep->streaming() || keep->references() > ours) keep->head.own();
}

// What of a chunked body has come with its head is judged before the handler runs: it may not read
// the body at all, and then would answer a request that is malformed.
Refusal Connection::look_ahead() const {
  if (!body_.is_chunked() || input_.empty()) return {};
  BodyDecoder decoder = body_;
  std::string_view input = input_;
  std::string_view content;
  while (decoder.decode(input, content) == BodyDecoder::Status::content) {
  }
  return decoder.refusal();
}

// The reply is out and the request is read to its end.
void Connection::end_exchange() {
  if (body_.is_chunked()) body_ = {};  // it may hold trailer lines
  in_exchange_ = false;
  --workspace_.counters.requests_pending;
  body_mode_ = BodyMode::none;
  idle_timeout_ = workspace_.settings.idle_timeout;
  Exchange* exchange = std::exchange(exchange_, nullptr);
  exchange->detach();
  exchange->release();
}

// ---- Bodies

void Connection::start_body(Exchange& exchange) {
  if (body_mode_ == BodyMode::none) return exchange.end_body();
  if (replied_ && !content_due_) return exchange.fail_body(Failure::aborted);
  if (!exchange.head.chunked && exchange.head.content_length > exchange.body_limit) {
    return refuse(kBodyTooLarge, Failure::body_too_large);
  }
  body_mode_ = BodyMode::collecting;
  exchange.body().reserve(
      static_cast<size_t>(std::min(exchange.head.content_length, kReservedBody)));
  const bool own_turn = out_ == nullptr;
  if (own_turn) begin_turn(std::string_view(held_).substr(held_start_));
  if (std::exchange(exchange.head.expects_continue, false) && input_.empty()) write_continue(*out_);
  if (own_turn) {
    take_steps();
    end_turn();
  } else {
    read_body();
  }
}

// The turn that is under way goes on with the body by itself.
void Connection::resume_body(http::Exchange&) {
  if (out_ == nullptr) run_turn(std::string_view(held_).substr(held_start_));
}

void Connection::drop_body(http::Exchange&) {
  // Before the reply it waits, as one that nobody asked for does: the reply decides.
  if (!content_due_ || body_mode_ != BodyMode::collecting) return;
  give_up_body();
  if (out_ == nullptr) run_turn(std::string_view(held_).substr(held_start_));
}

// Reads the body as far as it is here. False if more of it must come, or what is here must be taken
// first.
bool Connection::read_body() {
  std::string_view piece;
  while (!closed_ && reading_body()) {
    if (body_mode_ == BodyMode::collecting) {
      if (replied_ && !content_due_) return true;
      if (exchange_->body_full()) return false;
    }
    switch (body_.decode(input_, piece)) {
      case BodyDecoder::Status::content:
        if (body_mode_ == BodyMode::discarding) {
          if (!discard(piece.size())) return true;
        } else if (exceeds_limit(piece.size())) {
          refuse(kBodyTooLarge, Failure::body_too_large);
          return true;
        } else {
          exchange_->deliver_body(piece);
        }
        break;
      case BodyDecoder::Status::more:
        if (body_mode_ != BodyMode::collecting || !exceeds_limit(0)) return false;
        refuse(kBodyTooLarge, Failure::body_too_large);
        return true;
      case BodyDecoder::Status::done: {
        const bool collected = body_mode_ == BodyMode::collecting;
        body_mode_ = BodyMode::none;
        if (collected) {
          exchange_->trailers = body_.take_trailers();
          exchange_->end_body();
        }
        return true;
      }
      case BodyDecoder::Status::refused:
        refuse(body_.refusal(), Failure::malformed_body);
        return true;
    }
  }
  return true;
}

// True if the body is larger than it may be, with `more` bytes and what is announced behind them.
bool Connection::exceeds_limit(size_t more) const {
  return exchange_->body_received() + more + body_.remaining() > exchange_->body_limit;
}

// The reply is out, so nobody reads what is left of the body. It is thrown away to save the
// connection for the next request, or left where it is if it is large or the connection ends
// anyway.
void Connection::give_up_body() {
  if (!exchange_->head.chunked && body_.remaining() > workspace_.settings.max_discarded_bytes)
    close_after_ = true;
  linger_ |= close_after_;
  body_mode_ = close_after_ && !content_due_ ? BodyMode::none : BodyMode::discarding;
  discarded_ = 0;
  exchange_->fail_body(Failure::aborted);  // a handler may still wait for it
}

// Counts what is thrown away. False once it is more than a connection is worth: then it is given
// up.
bool Connection::discard(size_t bytes) {
  discarded_ += bytes;
  if (discarded_ <= workspace_.settings.max_discarded_bytes) return true;
  close_after_ = linger_ = true;
  if (content_due_) return true;  // the reply has its time
  body_mode_ = BodyMode::none;
  return false;
}

}  // namespace bao::http1
