#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct io_uring_sqe;

namespace bao::net {

/// Calls of recv(2) and send(2) on several sockets that enter the kernel together, by io_uring(7),
/// so that one change into the kernel and back serves for all. Where the kernel has none, or does
/// not let this process use it, they are made one after the other, to the same effect. Either way
/// they are over when `make` returns: nothing goes on behind the program's back. One thread's.
class CallBatch {
 public:
  /// So many calls are made at once at most: as many as have their bytes in the caches together.
  static constexpr size_t kMost = 32;

  CallBatch();
  CallBatch(const CallBatch&) = delete;
  CallBatch& operator=(const CallBatch&) = delete;
  ~CallBatch();

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == kMost; }

  /// Adds a call of recv that does not wait to those that `make` makes. `result` is going to be
  /// what it returns, or the negative of its `errno`; it and the room must live until then. Must
  /// not be called when `full`.
  void receive(int fd, std::span<char> room, int32_t& result);
  /// Adds a call of send that neither waits nor raises SIGPIPE, likewise. `bytes` must live until
  /// it is made.
  void send(int fd, std::span<const char> bytes, int32_t& result);

  /// Makes the calls that were added, in any order, and forgets them.
  void make();

  /// Whether calls enter the kernel together. The first use of the batch tries whether they can.
  bool together();
  /// They never shall. To be said before the first use.
  void stay_alone();

 private:
  class Ring;

  void open();
  void add(uint8_t operation, int fd, const char* bytes, size_t size, int flags, int32_t& result);

  std::unique_ptr<Ring> ring_;
  std::vector<io_uring_sqe> alone_;  // the calls, where there is no ring
  size_t size_ = 0;
  bool opened_ = false;
};

}  // namespace bao::net
