#pragma once

#include <cstdint>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BAO_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BAO_SANITIZED 1
#endif

/// The system calls that every request makes, without the C library's functions for them: those are
/// points where pthread_cancel may end a thread, and once a program has several threads they pay
/// for that on each call. Results and `errno` are the same. Sanitizers watch the functions, so they
/// get to see them.
namespace bao::net {

/// recv(2) without flags.
inline ssize_t receive(int fd, std::span<char> buffer) {
#ifdef BAO_SANITIZED
  return ::recv(fd, buffer.data(), buffer.size(), 0);
#else
  return ::syscall(SYS_recvfrom, fd, buffer.data(), buffer.size(), 0, nullptr, nullptr);
#endif
}

/// send(2).
inline ssize_t send(int fd, std::span<const char> bytes, int flags) {
#ifdef BAO_SANITIZED
  return ::send(fd, bytes.data(), bytes.size(), flags);
#else
  return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), flags, nullptr, 0);
#endif
}

/// epoll_wait(2).
inline int wait_for_events(int epoll, std::span<epoll_event> events, int milliseconds) {
#ifdef BAO_SANITIZED
  return ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), milliseconds);
#else
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait, epoll, events.data(), events.size(), milliseconds, nullptr, 0));
#endif
}

}  // namespace bao::net
