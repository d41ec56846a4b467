#include <cassert>
#include <cerrno>
#include <cstring>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

#include "net/send_file.h"
#include "net/system_calls.h"
#include "net/transport.h"

// Wherever bytes are sent the loop catches up with the clock, because whoever sends them notes when
// they left: the handler may have taken seconds. Here, and not once for each request, so that it
// reaches what timers and deferred work send as well. Reading begins an event, and then the loop
// has done it.
namespace bao::net {

namespace {

IoResult from_error(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {IoResult::Status::would_block};
  return {IoResult::Status::broken};
}

// Of a call that was made ahead: what it moved, or a negative errno. One that was interrupted is
// made again when the loop tells that it can be.
IoResult from_ahead(int32_t result) {
  if (result >= 0) return {IoResult::Status::ok, static_cast<size_t>(result)};
  return from_error(result == -EINTR ? EAGAIN : -result);
}

// MSG_MORE puts what stands before a file into one packet with its beginning, which is cheaper if
// all of it leaves at once. A longer one waits for acknowledgements, and then the kernel sends what
// is queued when they arrive: the sooner the first packet has left, the less is left to be done in
// our time (docs/benchmarks.md, "Files").
constexpr size_t kMostInOneGo = 64 * 1024;

}  // namespace

SocketTransport::~SocketTransport() {
  if (socket_) close(false);
}

void SocketTransport::attach(TransportObserver& observer) {
  if (attached_) {
    observer_ = &observer;
    read_wanted_ = true;
    return update(EPOLLIN);
  }
  watched_ = EPOLLIN;
  loop_.watch(socket_.get(), watched_, *this);
  attached_ = true;
  observer_ = &observer;
}

IoResult SocketTransport::read(std::span<char> buffer) {
  return ahead_ == nullptr ? read_socket(buffer) : take_ahead(buffer);
}

IoResult SocketTransport::take_ahead(std::span<char> buffer) {
  constexpr size_t kRoom = Loop::kRoomAhead;
  const char* const room = std::exchange(ahead_, nullptr);
  IoResult result = from_ahead(ahead_result_);
  if (result.status != IoResult::Status::ok) return result;
  if (result.bytes == 0) {
    peer_finished_ = true;
    return {IoResult::Status::end};
  }
  assert(buffer.size() >= kRoom);
  std::memcpy(buffer.data(), room, result.bytes);
  // There may be more. An end behind it is told by the next read.
  if (result.bytes == kRoom && buffer.size() > kRoom) {
    const ssize_t more = receive(socket_.get(), buffer.subspan(kRoom));
    if (more > 0) result.bytes += static_cast<size_t>(more);
  }
  return result;
}

IoResult SocketTransport::read_socket(std::span<char> buffer) {
  for (;;) {
    ssize_t count = receive(socket_.get(), buffer);
    if (count > 0) return {IoResult::Status::ok, static_cast<size_t>(count)};
    if (count == 0) {
      peer_finished_ = true;
      return {IoResult::Status::end};
    }
    if (errno != EINTR) return from_error(errno);
  }
}

IoResult SocketTransport::write(std::span<const iovec> pieces) {
  if (std::exchange(wrote_ahead_, false)) {
    loop_.note_time();
    return from_ahead(ahead_result_);
  }
  if (pieces.size() != 1) return send_message(pieces, 0);
  const std::span bytes(static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
  for (;;) {
    const ssize_t count = send(socket_.get(), bytes, MSG_NOSIGNAL);
    if (count >= 0) {
      loop_.note_time();
      return {IoResult::Status::ok, static_cast<size_t>(count)};
    }
    if (errno != EINTR) return from_error(errno);
  }
}

IoResult SocketTransport::send_message(std::span<const iovec> pieces, int flags) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | flags);
    if (count >= 0) {
      loop_.note_time();
      return {IoResult::Status::ok, static_cast<size_t>(count)};
    }
    if (errno != EINTR) return from_error(errno);
  }
}

bool SocketTransport::write_ahead(std::span<const char> bytes) {
  if (loop_.calls().full()) return false;
  loop_.calls().send(socket_.get(), bytes, ahead_result_);
  return wrote_ahead_ = true;
}

IoResult SocketTransport::write_file(std::span<const iovec> before, int file, uint64_t offset,
                                     size_t length) {
  size_t sent = 0;
  if (!before.empty()) {
    const IoResult result = send_message(before, length <= kMostInOneGo ? MSG_MORE : 0);
    if (result.status != IoResult::Status::ok || result.bytes < size_of(before)) return result;
    sent = result.bytes;
  }
  for (;;) {
    const ssize_t count = send_file(socket_.get(), file, offset, length);
    if (count > 0) {
      loop_.note_time();
      return {IoResult::Status::ok, sent + static_cast<size_t>(count)};
    }
    if (count < 0 && errno == EINTR) continue;
    if (sent > 0) return {IoResult::Status::ok, sent};
    if (count == 0) return {IoResult::Status::no_source};
    // File systems that cannot do it say so, as do disks that fail.
    if (errno == EINVAL || errno == ENOSYS || errno == EIO) {
      return Transport::write_file({}, file, offset, length);
    }
    return from_error(errno);
  }
}

std::optional<size_t> SocketTransport::untaken() const {
  int count = 0;
  if (::ioctl(socket_.get(), SIOCOUTQ, &count) != 0) return std::nullopt;
  return static_cast<size_t>(count);
}

std::optional<SocketAddress> SocketTransport::local() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(socket_.get(), name, &length) != 0) return std::nullopt;
  return from_sockaddr(address, length);
}

// Switching reading off only sets a flag: most pauses end before another byte arrives, and then
// epoll need never know. If one does arrive, on_event takes the descriptor out of epoll's reading
// set.
void SocketTransport::want_read(bool wanted) {
  read_wanted_ = wanted;
  if (!wanted) {
    // An end that was read already would be reported for ever.
    if (peer_finished_) update(watched_ & ~uint32_t{EPOLLIN | EPOLLRDHUP});
    return;
  }
  if (!(watched_ & EPOLLIN)) update((watched_ & ~uint32_t{EPOLLRDHUP}) | EPOLLIN);
}

void SocketTransport::want_write(bool wanted) {
  update(wanted ? watched_ | EPOLLOUT : watched_ & ~uint32_t{EPOLLOUT});
}

void SocketTransport::update(uint32_t events) {
  if (events == watched_) return;
  watched_ = events;
  loop_.rewatch(socket_.get(), events, *this);
}

void SocketTransport::finish_writing() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void SocketTransport::close(bool reset) {
  observer_ = nullptr;
  // The descriptor may be another's when the calls are made.
  if (wrote_ahead_) loop_.calls().make();
  if (reset) {
    // A linger time of zero makes close() send RST (socket(7)). On a unix socket it does nothing.
    linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  // Closing alone would leave the socket watched if a forked child still had it.
  if (attached_) loop_.unwatch(socket_.get());
  socket_.reset();
}

void SocketTransport::read_ahead(uint32_t events, CallBatch& calls, std::span<char> room) {
  const bool readable = (events & EPOLLIN) && read_wanted_ && observer_ != nullptr;
  if (!readable || !observer_->reads_next()) return;
  calls.receive(socket_.get(), room, ahead_result_);
  ahead_ = room.data();
}

void SocketTransport::on_event(uint32_t events) {
  tell(events);
  assert((ahead_ == nullptr || observer_ == nullptr) && "what was read ahead is lost");
  ahead_ = nullptr;
}

void SocketTransport::tell(uint32_t events) {
  if (observer_ == nullptr) return;  // closed earlier in this turn
  if ((events & (EPOLLHUP | EPOLLERR)) && !read_wanted_) {
    observer_->on_hangup();
    return;
  }
  if ((events & EPOLLOUT) && (watched_ & EPOLLOUT)) {
    observer_->on_writable();
    if (observer_ == nullptr) return;
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    if (read_wanted_) {
      observer_->on_readable();
    } else if (events & EPOLLRDHUP) {
      update(watched_ & ~uint32_t{EPOLLIN | EPOLLRDHUP});
      peer_finished_ = true;
      observer_->on_peer_finished();
    } else {
      // Bytes that nobody wants now: watch only for the peer's end.
      update((watched_ & ~uint32_t{EPOLLIN}) | EPOLLRDHUP);
    }
  }
}

}  // namespace bao::net
