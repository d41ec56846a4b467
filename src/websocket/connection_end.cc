#include <algorithm>
#include <array>
#include <utility>

#include "websocket/connection.h"

// What ends a connection, and time.
namespace bao::websocket {

namespace {
using std::chrono::milliseconds;

// The end of a span of time, of which zero and whatever the clock cannot hold stand for ever.
net::TimePoint after(net::TimePoint start, milliseconds span) {
  const auto most = std::chrono::duration_cast<milliseconds>(net::TimePoint::max() - start);
  return span <= milliseconds::zero() || span >= most ? net::TimePoint::max() : start + span;
}

// How long before the idle timeout a silent peer is pinged: time enough for the answer.
milliseconds ping_margin(milliseconds idle_timeout) {
  return std::min(idle_timeout / 2,
                  std::clamp(idle_timeout / 4, milliseconds(4'000), milliseconds(8'000)));
}
}  // namespace

// ---- The end of an event

// Everything that the event has sent leaves in one write.
void Connection::end_event() {
  --corks_;
  if (state_ == State::gone) return;
  flush();
  if (broken_) return drop();
  settle();
}

// Brings the transport in line with the state that an event or a call has left.
void Connection::settle() {
  if (state_ == State::gone) return;
  if (state_ == State::finishing && backlog_ == nullptr && first_ == nullptr) {
    // The server ends the connection first (RFC 6455 section 7.1.1), in one direction: closing it
    // whole might reset it and take our Close frame away before the peer has read it.
    if (!std::exchange(finished_writing_, true)) transport_->finish_writing();
  }
  // What was read before comes first.
  const bool wanted = rest_ == nullptr && !paused_ && !held_;
  if (wanted == reading_) return;
  reading_ = wanted;
  transport_->want_read(wanted);
}

// ---- Closing

// RFC 6455 section 7.1.7.
void Connection::fail(const Fault& fault) {
  if (state_ != State::open) return drop();
  std::array<char, kMaxControlPayload> payload;
  const size_t size = write_close_payload(payload.data(), fault.code, fault.reason);
  send_control(Opcode::close, {payload.data(), size});
  end_session(State::finishing, fault.code, fault.reason);
}

void Connection::close(uint16_t code, std::string_view reason) {
  if (!open()) return;
  std::array<char, kMaxControlPayload> payload;
  const size_t size = write_close_payload(payload.data(), code, reason);
  send_control(Opcode::close, {payload.data(), size});
  workspace_.add_pending(*this);  // input may have been held back
  if (size == 0) return end_session(State::closing, close_code::kNoStatus, {});
  end_session(State::closing, code, cut_at_character(reason, kMaxCloseReason));
}

// The program is told, and the rest is between us and the peer.
void Connection::end_session(State state, uint16_t code, std::string_view reason) {
  state_ = state;
  paused_ = held_ = false;
  if (state == State::finishing) rest_ = nullptr;
  if (assembly_ != nullptr) std::string().swap(assembly_->message);
  arm_close_timer();
  observer_.on_close(*this, code, reason);
}

void Connection::close_now(uint16_t code, std::string_view reason) {
  if (state_ == State::gone) return;
  close(code, reason);
  if (state_ == State::gone) return;
  flush();
  // Bytes that nobody has read would make the kernel reset the connection.
  transport_->read(workspace_.read_buffer);
  drop();
}

void Connection::terminate() {
  drop();
}

void Connection::drop() {
  if (state_ == State::gone) return;
  const bool untold = std::exchange(state_, State::gone) == State::open;
  paused_ = held_ = false;
  if (started_) --workspace_.counters.open;
  workspace_.timers.disarm(*this);
  workspace_.remove_pending(*this);
  forget_gathered();
  backlog_ = nullptr;
  rest_ = nullptr;
  assembly_ = nullptr;
  compressor_ = nullptr;
  decompressor_ = nullptr;
  transport_->close(false);
  if (untold) observer_.on_close(*this, close_code::kAbnormal, {});
  observer_.on_gone(*this);
}

// Bytes may wait before the peer's end, and they come when reading goes on.
void Connection::on_peer_finished() {}

void Connection::on_hangup() {
  drop();
}

// ---- Pauses

void Connection::pause() {
  if (state_ != State::open) return;
  paused_ = true;
  settle();
}

void Connection::resume() {
  if (!std::exchange(paused_, false)) return;
  seen();
  arm_idle_timer();
  settle();
}

void Connection::hold() {
  if (state_ != State::open) return;
  held_ = true;
  settle();
}

void Connection::release() {
  if (!std::exchange(held_, false)) return;
  seen();
  arm_idle_timer();
  if (rest_ != nullptr) return workspace_.add_pending(*this);
  settle();
}

// ---- Time

// The end of time for never.
net::TimePoint Connection::idle_deadline() const {
  const milliseconds timeout = workspace_.settings.idle_timeout;
  const bool ping_first = workspace_.settings.send_pings && !pinged_;
  return after(last_seen_, ping_first ? timeout - ping_margin(timeout) : timeout);
}

// The timer may be early, never late: what comes only moves `last_seen_`, and on_timer looks again.
void Connection::arm_idle_timer() {
  const net::TimePoint when = idle_deadline();
  if (when == net::TimePoint::max()) return;
  if (!armed() || deadline() > when) workspace_.timers.arm(*this, when);
}

// A peer that was silent for longer than that could not know, so its time begins now. A longer one
// needs nothing else: on_timer looks again.
void Connection::settings_changed() {
  if (state_ != State::open || paused_ || held_) return;
  seen();
  arm_idle_timer();
}

void Connection::arm_close_timer() {
  const net::TimePoint when = after(workspace_.now, workspace_.settings.close_timeout);
  if (when == net::TimePoint::max()) return workspace_.timers.disarm(*this);
  workspace_.timers.arm(*this, when);
}

void Connection::on_timer() {
  if (state_ == State::open) return on_idle();
  // A peer that still takes what was queued before the Close frame gets it.
  if (backlog_ != nullptr && std::exchange(backlog_->moved, false)) return arm_close_timer();
  drop();
}

void Connection::on_idle() {
  if (paused_ || held_) return;  // resume and release arm it again
  if (idle_deadline() <= workspace_.now && reading_) {
    // The program may have been held up: what has arrived in time is not late.
    on_readable();
    if (state_ != State::open || paused_ || held_) return;
  }
  if (idle_deadline() > workspace_.now) return arm_idle_timer();
  if (pinged_ || !workspace_.settings.send_pings) return drop();
  send_control(Opcode::ping, {});
  flush();
  if (broken_) return drop();
  pinged_ = true;
  arm_idle_timer();
}

}  // namespace bao::websocket
