#include "websocket/connection.h"

#include <algorithm>
#include <new>
#include <utility>

// The way in: bytes to messages. The way out is in connection_output.cc, ends and time in
// connection_end.cc.
namespace bao::websocket {

using Status = net::IoResult::Status;

namespace {
// The most that is reserved for a message on the strength of its announced length alone.
constexpr uint64_t kReserved = 256 * 1024;
// What a closed connection reads before it is given up.
constexpr size_t kMostDiscarded = 1 << 20;
// Strings that are reused are given back if they have grown beyond this.
constexpr size_t kKept = 256 * 1024;

constexpr Fault kInvalidUtf8{close_code::kInvalidPayload, "the text is not UTF-8"};
constexpr Fault kInvalidDeflate{close_code::kInvalidPayload, "the compressed data are broken"};
constexpr Fault kInflatedTooBig{close_code::kTooBig,
                                "the message is larger than this server takes"};
constexpr Fault kNoMemory{close_code::kInternalError, "there is no memory for the message"};
constexpr Fault kCloseReason{close_code::kInvalidPayload, "the reason is not UTF-8"};
constexpr Fault kCloseCode{close_code::kProtocolError, "the Close frame has no valid code"};
}  // namespace

Connection::Connection(Workspace& workspace, std::unique_ptr<net::Transport> transport,
                       ConnectionObserver& observer, const DeflateAgreement& deflate)
    : workspace_(workspace),
      transport_(std::move(transport)),
      observer_(observer),
      last_seen_(workspace.now),
      parser_(deflate.enabled),
      deflate_(deflate) {}

Connection::~Connection() {
  workspace_.remove_pending(*this);
  forget_gathered();
  if (started_ && state_ != State::gone) --workspace_.counters.open;
}

void Connection::start(std::string_view output) {
  transport_->attach(*this);
  // Whoever had it before may have left it otherwise.
  transport_->want_read(true);
  transport_->want_write(false);
  started_ = true;
  ++workspace_.counters.open;
  ++workspace_.counters.total;
  seen();
  arm_idle_timer();
  if (!output.empty()) send_bytes(output, {}, false);
}

void Connection::feed(std::string_view input) {
  if (input.empty() || state_ == State::finishing || state_ == State::gone) return;
  workspace_.counters.bytes_in += input.size();
  rest_ = std::make_unique<std::string>(input);
  settle();
  workspace_.add_pending(*this);
}

void Connection::on_readable() {
  const std::span<char> buffer = workspace_.read_buffer;
  const net::IoResult result = transport_->read(buffer);
  switch (result.status) {
    case Status::ok:
      workspace_.counters.bytes_in += result.bytes;
      if (state_ == State::finishing) {
        discarded_ += static_cast<uint32_t>(result.bytes);
        if (discarded_ > kMostDiscarded) drop();
        return;
      }
      seen();
      return take(buffer.first(result.bytes));
    case Status::would_block:
    case Status::no_source: return;
    case Status::end:
    case Status::broken: return drop();
  }
}

// ---- Frames

void Connection::take(std::span<char> input) {
  ++corks_;
  consume(input);
  if (!input.empty() && held_) {
    rest_ = std::make_unique<std::string>(input.begin(), input.end());
  }
  end_event();
}

void Connection::run_pending() {
  if (state_ == State::gone) return;
  ++corks_;
  if (rest_ != nullptr && reads_frames()) {
    const auto rest = std::move(rest_);
    std::span<char> input(*rest);
    consume(input);
    if (!input.empty() && held_) {
      rest_ = std::make_unique<std::string>(input.begin(), input.end());
    }
  }
  end_event();
}

void Connection::consume(std::span<char>& input) {
  try {
    while (reads_frames()) {
      switch (parser_.next(input, workspace_.settings.max_payload)) {
        case FrameParser::Event::more: return;
        case FrameParser::Event::refused: return fail(parser_.fault());
        case FrameParser::Event::payload: on_piece(); break;
      }
    }
  } catch (const std::bad_alloc&) {
    fail(kNoMemory);
  }
}

void Connection::on_piece() {
  const std::span<char> piece = parser_.piece();
  const bool whole = parser_.frame_begins() && parser_.frame_ends();
  if (is_control(parser_.opcode())) {
    if (!whole) return gather_control();
    return on_control(parser_.opcode(), {piece.data(), piece.size()});
  }
  if (state_ != State::open) return;  // our Close frame is out: what still comes is dropped
  if (whole && parser_.final() && parser_.opcode() != Opcode::continuation) {
    return deliver({piece.data(), piece.size()}, parser_.ascii());
  }
  join();
}

Connection::Assembly& Connection::assembly() {
  if (assembly_ == nullptr) assembly_ = std::make_unique<Assembly>();
  return *assembly_;
}

// Adds a piece to a message that comes in several. Text fails at its first bad byte, before the
// rest has come (RFC 6455 section 8.1).
void Connection::join() {
  if (parser_.compressed()) return join_compressed();
  Assembly& parts = assembly();
  const std::span<char> piece = parser_.piece();
  if (parser_.frame_begins()) {
    const uint64_t size = parts.message.size() + piece.size() + parser_.payload_left();
    parts.message.reserve(static_cast<size_t>(std::min(size, kReserved)));
  }
  parts.message.append(piece.data(), piece.size());
  const bool plain = parser_.ascii() && parts.utf8.complete();
  if (parser_.text() && !plain && !parts.utf8.feed({piece.data(), piece.size()})) {
    return fail(kInvalidUtf8);
  }
  if (!parser_.frame_ends() || !parser_.final()) return;
  if (parser_.text() && !parts.utf8.complete()) return fail(kInvalidUtf8);
  std::string message = std::move(parts.message);
  assembly_ = nullptr;
  tell(message, &message, false);
}

// The same for a compressed one: it is decompressed as it comes, so that all faults are seen at
// once.
void Connection::join_compressed() {
  Assembly& parts = assembly();
  if (!keeps_context() && parts.decompressor == nullptr) {
    parts.decompressor = workspace_.take_decompressor();
  }
  Decompressor& decompressor = keeps_context() ? own_decompressor() : *parts.decompressor;
  const uint64_t limit = workspace_.settings.max_payload;
  const std::span<char> piece = parser_.piece();
  const size_t before = parts.message.size();
  if (refused(decompressor.put({piece.data(), piece.size()}, limit, parts.message))) return;
  const bool whole = parser_.frame_ends() && parser_.final();
  if (whole && refused(decompressor.finish(keeps_context(), limit, parts.message))) return;
  const std::string_view text = std::string_view(parts.message).substr(before);
  if (parser_.text() && !parts.utf8.feed(text)) return fail(kInvalidUtf8);
  if (!whole) return;
  if (parser_.text() && !parts.utf8.complete()) return fail(kInvalidUtf8);
  std::string message = std::move(parts.message);
  if (parts.decompressor != nullptr) workspace_.give_back(std::move(parts.decompressor));
  assembly_ = nullptr;
  tell(message, &message, false);
}

Decompressor& Connection::own_decompressor() {
  if (decompressor_ == nullptr) {
    decompressor_ = std::make_unique<Decompressor>(deflate_.decompress_window_bits);
  }
  return *decompressor_;
}

// True if the message was refused.
bool Connection::refused(Decompressor::Result result) {
  if (result == Decompressor::Result::ok) return false;
  fail(result == Decompressor::Result::invalid ? kInvalidDeflate : kInflatedTooBig);
  return true;
}

// A message that is here as a whole.
void Connection::deliver(std::string_view payload, bool ascii) {
  if (parser_.compressed()) return deliver_compressed(payload);
  if (parser_.text() && !ascii && !is_utf8(payload)) return fail(kInvalidUtf8);
  tell(payload, nullptr, ascii);
}

void Connection::deliver_compressed(std::string_view payload) {
  Decompressor& decompressor =
      keeps_context() ? own_decompressor() : workspace_.shared_decompressor();
  std::string text = std::exchange(workspace_.inflated, {});
  text.clear();
  const uint64_t limit = workspace_.settings.max_payload;
  if (refused(decompressor.decompress(payload, keeps_context(), limit, text))) return;
  if (parser_.text() && !is_utf8(text)) return fail(kInvalidUtf8);
  tell(text, &text, false);
  if (text.capacity() <= kKept) workspace_.inflated = std::move(text);
}

void Connection::tell(std::string_view payload, std::string* storage, bool ascii) {
  ++workspace_.counters.messages_in;
  observer_.on_message(*this, {payload, parser_.text(), storage, ascii});
}

// ---- Control frames (RFC 6455 section 5.5)

void Connection::gather_control() {
  Assembly& parts = assembly();
  parts.control.append(parser_.piece().data(), parser_.piece().size());
  if (!parser_.frame_ends()) return;
  const std::string payload = std::exchange(parts.control, {});
  // It may have come between two frames of a message, or not.
  if (!parser_.in_message()) assembly_ = nullptr;
  on_control(parser_.opcode(), payload);
}

void Connection::on_control(Opcode opcode, std::string_view payload) {
  if (state_ == State::closing) {
    // Both ends have sent their Close frames; ours may still wait to be written.
    if (opcode == Opcode::close) state_ = State::finishing;
    return;
  }
  switch (opcode) {
    case Opcode::close: return on_close_frame(payload);
    case Opcode::ping:
      if (backlog_ != nullptr) {
        backlog_->ping = payload;
        backlog_->pong_due = true;
      } else {
        send_control(Opcode::pong, payload);
      }
      return observer_.on_ping(*this, payload);
    default: return observer_.on_pong(*this, payload);
  }
}

// The answer has the code that came (RFC 6455 section 5.5.1).
void Connection::on_close_frame(std::string_view payload) {
  uint16_t fault = 0;
  const std::optional<CloseInfo> info = read_close_payload(payload, fault);
  if (!info) return fail(fault == close_code::kInvalidPayload ? kCloseReason : kCloseCode);
  send_control(Opcode::close, payload);
  end_session(State::finishing, info->code, info->reason);
}

}  // namespace bao::websocket
