#include "tls/transport.h"

#include <algorithm>
#include <chrono>
#include <utility>

// Plaintext over a connection whose handshake is done. The handshake is in handshake.cc.
namespace bao::tls {

using Status = net::IoResult::Status;

namespace {
using namespace std::chrono_literals;

// The first bytes after a pause go in records of one packet each, which the client can read as
// they come; then the network carries more at a time, and large records cost less.
constexpr size_t kSmallRecord = 1370;
constexpr size_t kSmallBurst = 16 * 1024;
constexpr auto kPause = 1s;
// With .low_memory_mode.
constexpr size_t kMiddleRecord = 4 * 1024;
// Encrypted at once: what a connection holds, at most, for a peer that does not read.
constexpr size_t kRecordsAtOnce = 4;
// What waits beyond that are answers of TLS itself, to a peer that asks on and on and reads none.
constexpr size_t kMostUnsent = 256 * 1024;
}  // namespace

void Transport::attach(net::TransportObserver& observer) {
  const bool again = std::exchange(observer_, &observer) != nullptr;
  if (!again) return;
  want_write(false);
  want_read(true);
}

// ---- In

net::IoResult Transport::read(std::span<char> buffer) {
  if (state_ != State::open) return {Status::broken};
  if (ended_) return {Status::end};
  if (read_failed_) return {Status::broken};
  Engine::ReadResult result{Engine::Status::want_input, 0};
  if (input_left()) {
    const std::string input = std::exchange(rest_, {});
    engine_->give(input);
    result = engine_->read(buffer);
    rest_ = engine_->rest();
  }
  net::IoResult below{Status::ok};
  if (result.status == Engine::Status::want_input) {
    const std::span<char> wire = workspace_.read_buffer();
    below = below_->read(wire);
    if (below.status == Status::ok) {
      engine_->give({wire.data(), below.bytes});
      const size_t before = result.bytes;
      result = engine_->read(buffer.subspan(before));
      result.bytes += before;
      rest_ = engine_->rest();
    }
  }
  engine_->give({});
  // An alert, or the answer to a key update.
  if (!send_output()) return {Status::broken};
  return read_result(result, below.status);
}

// What there is comes first, and how it went on is told by the next read.
net::IoResult Transport::read_result(const Engine::ReadResult& result, Status below) {
  if (result.status == Engine::Status::end) ended_ = true;
  if (result.status == Engine::Status::failed) read_failed_ = true;
  if (result.bytes > 0) {
    if (read_wanted_ && left_to_tell()) tell_again();
    return {Status::ok, result.bytes};
  }
  switch (result.status) {
    case Engine::Status::end: return {Status::end};
    case Engine::Status::failed: return {Status::broken};
    case Engine::Status::ok:
    case Engine::Status::want_input: break;
  }
  if (below == Status::end && !std::exchange(incomplete_close_, true)) {
    ++workspace_.counters.incomplete_closes;
  }
  return {below == Status::ok ? Status::would_block : below};
}

// Bytes that this holds make nothing below readable.
void Transport::tell_again() {
  workspace_.timers.arm(*this, workspace_.now);
}

void Transport::want_read(bool wanted) {
  read_wanted_ = wanted;
  below_->want_read(wanted);
  if (wanted && state_ == State::open && left_to_tell()) tell_again();
}

void Transport::on_readable() {
  switch (state_) {
    case State::opening: return read_opening();
    case State::handshake: return read_handshake();
    case State::refusing: return read_refused();
    case State::open: return observer_->on_readable();
    case State::waiting:
    case State::closed: return;
  }
}

void Transport::on_timer() {
  if (state_ != State::open) return fail();
  if (read_wanted_) observer_->on_readable();
}

// ---- Out

net::IoResult Transport::write(std::span<const iovec> pieces) {
  return send(PlaintextSource(pieces, workspace_.gather_buffer()));
}

net::IoResult Transport::write_file(std::span<const iovec> before, int file, uint64_t offset,
                                    size_t length) {
  return send(PlaintextSource(before, workspace_.gather_buffer(), file, offset, length));
}

// Plaintext whose ciphertext waits here is not told as written: the caller offers it again, and
// then it counts.
net::IoResult Transport::send(PlaintextSource source) {
  if (state_ != State::open || !flush_unsent()) return {Status::broken};
  size_t told = tell_of_batch(source.left());
  source.skip(told);
  if (!unsent_.empty()) return {told > 0 ? Status::ok : Status::would_block, told};
  while (source.left() > 0) {
    const size_t size = encrypt(source);
    if (size == 0) {
      if (told > 0) break;
      return {source.left() > 0 && !failed_ ? Status::no_source : Status::broken};
    }
    const size_t ciphertext = workspace_.output.size();
    if (!send_output()) return {Status::broken};
    if (!unsent_.empty()) {
      batch_ = {size, 0, ciphertext, ciphertext - unsent_.size()};
      told += tell_of_batch(size);
      return {told > 0 ? Status::ok : Status::would_block, told};
    }
    told += size;
  }
  return {Status::ok, told};
}

// How much more of the batch is on its way by now: as large a part as of its ciphertext, rounded
// down. Small steps count, because a slow peer must not be taken for a silent one.
size_t Transport::tell_of_batch(size_t most) {
  size_t gone = batch_.plaintext;
  if (!unsent_.empty() && batch_.ciphertext > 0) {
    const size_t sent = std::min(batch_.sent_at_once + sent_, batch_.ciphertext);
    gone = batch_.plaintext * sent / batch_.ciphertext;
  }
  const size_t more = std::min(gone - batch_.told, most);
  batch_.told += more;
  return more;
}

// As much as is sent at once, into the workspace's output. Returns how much that was.
size_t Transport::encrypt(PlaintextSource& source) {
  if (workspace_.now - last_write_ > kPause) burst_ = 0;
  last_write_ = workspace_.now;
  const size_t largest = low_memory_mode_ ? kMiddleRecord : Engine::kLargestRecord;
  size_t size = 0;
  while (source.left() > 0 && size < kRecordsAtOnce * largest) {
    const std::string_view record = source.next(burst_ < kSmallBurst ? kSmallRecord : largest);
    if (record.empty()) break;
    if (!engine_->write(record)) {
      failed_ = true;
      workspace_.output.clear();  // the next connection's
      return 0;
    }
    size += record.size();
    burst_ += record.size();
  }
  return size;
}

// Gives the workspace's output to the transport below and keeps what that does not take. False if
// the connection is gone.
bool Transport::send_output() {
  std::string& output = workspace_.output;
  if (output.empty()) return true;
  size_t taken = 0;
  bool broken = false;
  if (unsent_.empty()) {
    const iovec piece{output.data(), output.size()};
    const net::IoResult result = below_->write({&piece, 1});
    broken = result.status == Status::broken;
    taken = result.bytes;
  }
  if (!broken) unsent_.append(output, taken);
  output.clear();
  if (unsent_.size() - sent_ > kMostUnsent) broken = true;
  update_write();
  return !broken;
}

// False if the connection is gone.
bool Transport::flush_unsent() {
  while (!unsent_.empty()) {
    const iovec piece{unsent_.data() + sent_, unsent_.size() - sent_};
    const net::IoResult result = below_->write({&piece, 1});
    if (result.status == Status::broken) return false;
    sent_ += result.bytes;
    if (sent_ < unsent_.size()) break;
    std::string().swap(unsent_);
    sent_ = 0;
    batch_.ciphertext = 0;  // all of it is gone, whatever waits next
  }
  update_write();
  return true;
}

void Transport::update_write() {
  const bool wanted = write_wanted_ || !unsent_.empty();
  if (wanted == below_writes_) return;
  below_writes_ = wanted;
  below_->want_write(wanted);
}

void Transport::want_write(bool wanted) {
  write_wanted_ = wanted;
  update_write();
}

void Transport::on_writable() {
  if (state_ == State::closed) return;
  if (!flush_unsent()) {
    if (state_ == State::open) return observer_->on_hangup();
    return fail();
  }
  if (unsent_.empty() && std::exchange(finish_due_, false)) below_->finish_writing();
  if (state_ == State::open && write_wanted_) observer_->on_writable();
}

// ---- Ends

void Transport::on_peer_finished() {
  if (state_ == State::open) return observer_->on_peer_finished();
  fail();
}

void Transport::on_hangup() {
  if (state_ == State::open) return observer_->on_hangup();
  fail();
}

void Transport::finish_writing() {
  engine_->finish();
  send_output();
  if (unsent_.empty()) {
    below_->finish_writing();
  } else {
    finish_due_ = true;
  }
}

// A close_notify that finds no room is left out: the client then knows that it does not know.
void Transport::close(bool reset) {
  if (state_ == State::open && !reset && unsent_.empty()) {
    engine_->finish();
    std::string& output = workspace_.output;
    const iovec piece{output.data(), output.size()};
    if (!output.empty() && !finish_due_) below_->write({&piece, 1});
    output.clear();
  }
  if (request_ != nullptr) request_->abandon();
  if (state_ != State::open) leave(false);
  workspace_.timers.disarm(*this);
  state_ = State::closed;
  observer_ = nullptr;
  // Its keys go now, and so does what it needs of the workspace, which may end before this.
  engine_ = nullptr;
  below_->close(reset);
}

// ---- Facts

std::string_view Transport::protocol() const {
  return engine_ == nullptr ? std::string_view() : engine_->protocol();
}

std::optional<net::Security> Transport::security() const {
  if (state_ != State::open) return std::nullopt;
  net::Security facts = engine_->security();
  facts.server_name = server_name_;
  return facts;
}

}  // namespace bao::tls
