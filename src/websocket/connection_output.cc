#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "websocket/connection.h"
#include "websocket/frame_writer.h"

// The way out: messages to bytes.
namespace bao::websocket {

using Status = net::IoResult::Status;

namespace {
// Payloads of this size are not copied to what was gathered but leave at once from where they lie.
constexpr size_t kDirect = 8 * 1024;
// What is gathered leaves when it has grown to this, so that it does not grow without bound.
constexpr size_t kFlushAt = 128 * 1024;
// The turn's memory above which connections without a cork send at once.
constexpr size_t kMuchMemory = 4 << 20;
constexpr size_t kPiecesAWrite = 64;
constexpr size_t kKept = 256 * 1024;
}  // namespace

// ---- Frames

SendResult Connection::send(std::string_view payload, Opcode opcode, bool compress) {
  if (!open() || refuses_more()) {
    ++workspace_.counters.messages_dropped;
    return SendResult::dropped;
  }
  ++workspace_.counters.messages_out;
  if (compress && !payload.empty() && deflate_.compress != DeflateSettings::Mode::disabled) {
    return send_compressed(opcode, payload);
  }
  return send_frame(opcode, payload, false);
}

SendResult Connection::send_compressed(Opcode opcode, std::string_view payload) {
  std::string packed = std::exchange(workspace_.deflated, {});
  packed.clear();
  if (deflate_.compress == DeflateSettings::Mode::shared) {
    workspace_.shared_compressor(deflate_.compress_window_bits).compress(payload, false, packed);
  } else {
    if (compressor_ == nullptr) {
      compressor_ = std::make_unique<Compressor>(deflate_.compress_window_bits,
                                                 workspace_.settings.deflate.compress_memory_level);
    }
    try {
      compressor_->compress(payload, true, packed);
    } catch (const std::bad_alloc&) {
      // Half a message is in it that will not be sent. A new one refers to nothing before.
      compressor_ = nullptr;
      throw;
    }
  }
  const SendResult result = send_frame(opcode, packed, true);
  if (packed.capacity() <= kKept) workspace_.deflated = std::move(packed);
  return result;
}

SendResult Connection::send_frame(Opcode opcode, std::string_view payload, bool compressed) {
  char head[kMaxServerFrameHead];
  const size_t size = write_frame_head(head, opcode, payload.size(), compressed);
  return send_bytes({head, size}, payload, payload.size() >= kDirect);
}

SendResult Connection::send_formatted(std::string_view frames) {
  if (!open() || refuses_more()) {
    ++workspace_.counters.messages_dropped;
    return SendResult::dropped;
  }
  return send_bytes({}, frames, frames.size() >= kDirect || (first_ == nullptr && corks_ == 0));
}

SendResult Connection::ping(std::string_view payload) {
  return send_control(Opcode::ping, payload);
}

SendResult Connection::pong(std::string_view payload) {
  return send_control(Opcode::pong, payload);
}

SendResult Connection::send_control(Opcode opcode, std::string_view payload) {
  if (!open() || payload.size() > kMaxControlPayload) return SendResult::dropped;
  // A Close frame has its place even behind a full backlog.
  if (opcode != Opcode::close && refuses_more()) return SendResult::dropped;
  return send_frame(opcode, payload, false);
}

// Whether so much waits for a slow peer that nothing may be added.
bool Connection::refuses_more() {
  if (backlog_ == nullptr) return false;
  const uint64_t limit = workspace_.settings.backpressure_limit;
  if (limit == 0 || backlog_->size() <= limit) return false;
  if (workspace_.settings.close_on_backpressure_limit) break_off();
  return true;
}

// ---- Bytes

SendResult Connection::send_bytes(std::string_view head, std::string_view payload, bool at_once) {
  if (backlog_ != nullptr) {
    backlog_->append(head, payload);
    return SendResult::backpressure;
  }
  if (at_once || (corks_ == 0 && workspace_.memory.capacity() > kMuchMemory)) {
    write_gathered(head, payload);
  } else {
    gather(head, payload);
    if (gathered_ >= kFlushAt) {
      flush();
    } else if (corks_ == 0) {
      workspace_.add_pending(*this);
    }
  }
  if (broken_) return SendResult::dropped;
  return backlog_ != nullptr ? SendResult::backpressure : SendResult::sent;
}

// Copies both to the turn's memory, right behind what this connection has put there last if nobody
// else came in between: then it stays one piece, which is one plain write.
void Connection::gather(std::string_view head, std::string_view payload) {
  TurnMemory& memory = workspace_.memory;
  const size_t size = head.size() + payload.size();
  char* to = last_ != nullptr ? memory.reserve(size) : nullptr;
  if (to == nullptr || to != last_->data + last_->size) {
    memory.align(alignof(Piece));
    char* place = memory.reserve(sizeof(Piece) + size);
    memory.commit(sizeof(Piece));
    to = place + sizeof(Piece);
    auto* piece = new (place) Piece{to, 0, nullptr};
    if (first_ == nullptr) {
      memory.add_user();
      first_ = piece;
    } else {
      last_->next = piece;
    }
    last_ = piece;
  }
  if (!head.empty()) std::memcpy(to, head.data(), head.size());
  if (!payload.empty()) std::memcpy(to + head.size(), payload.data(), payload.size());
  memory.commit(size);
  last_->size += size;
  gathered_ += size;
}

// Writes what was gathered and both texts behind it, in as few calls as possible.
void Connection::write_gathered(std::string_view head, std::string_view payload) {
  std::array<iovec, kPiecesAWrite> pieces;
  size_t count = 0;
  const auto add = [&](const char* data, size_t size) {
    if (size > 0) pieces[count++] = {const_cast<char*>(data), size};
  };
  for (Piece* piece = first_; piece != nullptr; piece = piece->next) {
    // Two places stay for what follows.
    if (count + 2 == pieces.size()) write_or_keep({pieces.data(), std::exchange(count, 0)});
    add(piece->data, piece->size);
  }
  add(head.data(), head.size());
  add(payload.data(), payload.size());
  if (count > 0) write_or_keep({pieces.data(), count});
  forget_gathered();
}

void Connection::write_or_keep(std::span<const iovec> pieces) {
  if (broken_) return;
  size_t sent = 0;
  if (backlog_ == nullptr) {
    const net::IoResult result = transport_->write(pieces);
    if (result.status == Status::broken) return break_off();
    sent = result.bytes;
    workspace_.counters.bytes_out += sent;
    if (sent > 0 && !workspace_.settings.send_pings) last_seen_ = workspace_.now;
    if (sent == net::size_of(pieces)) return;
  }
  try {
    if (backlog_ == nullptr) {
      backlog_ = std::make_unique<Backlog>();
      transport_->want_write(true);
    }
    for (const iovec& piece : pieces) {
      const size_t skipped = std::min(sent, piece.iov_len);
      sent -= skipped;
      backlog_->append(
          {static_cast<const char*>(piece.iov_base) + skipped, piece.iov_len - skipped});
    }
  } catch (const std::bad_alloc&) {
    break_off();  // half a frame may be out
  }
}

void Connection::forget_gathered() {
  if (first_ == nullptr) return;
  first_ = last_ = nullptr;
  gathered_ = 0;
  workspace_.memory.remove_user();
}

// Nothing can be sent any more. The observer hears of it at the end of the turn, not from within
// the call that has found out.
void Connection::break_off() {
  broken_ = true;
  workspace_.add_pending(*this);
}

void Connection::uncork() {
  if (--corks_ > 0 || state_ == State::gone) return;
  flush();
  if (!broken_) settle();
}

void Connection::on_writable() {
  if (backlog_ == nullptr) return transport_->want_write(false);
  const size_t before = backlog_->size();
  const Status status = backlog_->write(*transport_, workspace_.counters.bytes_out);
  if (status == Status::broken) return drop();
  // A peer that takes what it is sent is alive, however long that takes.
  if (backlog_->size() < before) last_seen_ = workspace_.now;
  if (status != Status::ok) return;
  const std::unique_ptr<Backlog> sent = std::move(backlog_);
  transport_->want_write(false);
  ++corks_;
  if (sent->pong_due) send_control(Opcode::pong, sent->ping);
  if (open()) observer_.on_drain(*this);
  end_event();
}

size_t Connection::buffered_amount() const {
  return backlog_ != nullptr ? backlog_->size() : 0;
}

}  // namespace bao::websocket
