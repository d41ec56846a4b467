#include "net/send_file.h"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/sendfile.h>

namespace bao::net {

namespace {

// Holds SIGPIPE back from this thread while it lives. The kernel sends it to the thread that
// writes, so it can be taken out of what is pending without anybody else losing one.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~WithoutSigpipe() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void take_pending() const {
    const timespec at_once{};
    while (::sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }

 private:
  sigset_t sigpipe_;
  sigset_t before_;
};

}  // namespace

// A connection may break in the middle of a call: then it returns what was moved before, and has
// raised the signal all the same.
ssize_t send_file(int socket, int file, uint64_t offset, size_t length) {
  const WithoutSigpipe guard;
  auto at = static_cast<off_t>(offset);
  const ssize_t count = ::sendfile(socket, file, &at, length);
  const bool whole = count >= 0 && static_cast<size_t>(count) == length;
  if (whole || (count < 0 && errno == EAGAIN)) return count;
  const int error = errno;
  guard.take_pending();
  errno = error;
  return count;
}

}  // namespace bao::net
