#include "net/call_batch.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net/file_descriptor.h"

namespace bao::net {

namespace {

/// Memory that is shared with the kernel.
class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  bool take(int fd, size_t size, uint64_t offset) {
    void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                              static_cast<off_t>(offset));
    if (data == MAP_FAILED) return false;
    data_ = static_cast<char*>(data);
    size_ = size;
    return true;
  }

  template <typename T>
  T* at(size_t offset) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

void make_alone(const io_uring_sqe& call) {
  auto* const bytes = reinterpret_cast<char*>(call.addr);
  const int flags = static_cast<int>(call.msg_flags);
  const ssize_t count = call.opcode == IORING_OP_RECV ? ::recv(call.fd, bytes, call.len, flags)
                                                      : ::send(call.fd, bytes, call.len, flags);
  *reinterpret_cast<int32_t*>(call.user_data) = count < 0 ? -errno : static_cast<int32_t>(count);
}

}  // namespace

/// The queues of an io_uring: calls go in by one, results come out by the other. Their ends are
/// counted, and the counts modulo their sizes are places.
class CallBatch::Ring {
 public:
  /// Null if it cannot be had.
  static std::unique_ptr<Ring> open();

  /// Where the call stands that will be the `i`th of those that are submitted next.
  io_uring_sqe& call(size_t i) { return calls_[(submitted_ + i) & call_mask_]; }

  /// Makes that many calls. How many were made: not all if the kernel lacks memory.
  size_t make(size_t count);

 private:
  bool set_up();
  void collect(uint32_t count);

  FileDescriptor fd_;
  Mapping queues_;
  Mapping entries_;
  io_uring_sqe* calls_ = nullptr;
  uint32_t call_mask_ = 0;
  uint32_t submitted_ = 0;
  uint32_t* call_tail_ = nullptr;
  const io_uring_cqe* results_ = nullptr;
  uint32_t result_mask_ = 0;
  uint32_t collected_ = 0;
  uint32_t* result_head_ = nullptr;
  const uint32_t* result_tail_ = nullptr;
};

std::unique_ptr<CallBatch::Ring> CallBatch::Ring::open() {
  auto ring = std::make_unique<Ring>();
  return ring->set_up() ? std::move(ring) : nullptr;
}

// The flags are known to Linux 5.19 and later, which also take MSG_DONTWAIT at its word: a call
// that would have to wait fails instead of going on later.
bool CallBatch::Ring::set_up() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN;
  fd_ = FileDescriptor(static_cast<int>(::syscall(SYS_io_uring_setup, kMost, &parameters)));
  if (!fd_) return false;
  const io_sqring_offsets& in = parameters.sq_off;
  const io_cqring_offsets& out = parameters.cq_off;
  const size_t size = std::max<size_t>(in.array + parameters.sq_entries * sizeof(uint32_t),
                                       out.cqes + parameters.cq_entries * sizeof(io_uring_cqe));
  if (!(parameters.features & IORING_FEAT_SINGLE_MMAP) ||
      !queues_.take(fd_.get(), size, IORING_OFF_SQ_RING) ||
      !entries_.take(fd_.get(), parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES)) {
    return false;
  }
  calls_ = entries_.at<io_uring_sqe>(0);
  call_mask_ = parameters.sq_entries - 1;
  call_tail_ = queues_.at<uint32_t>(in.tail);
  results_ = queues_.at<io_uring_cqe>(out.cqes);
  result_mask_ = parameters.cq_entries - 1;
  result_head_ = queues_.at<uint32_t>(out.head);
  result_tail_ = queues_.at<uint32_t>(out.tail);
  // The calls stand where they are told to be: the indirection is not needed.
  for (uint32_t i = 0; i < parameters.sq_entries; ++i) queues_.at<uint32_t>(in.array)[i] = i;
  return true;
}

size_t CallBatch::Ring::make(size_t count) {
  const uint32_t end = submitted_ + static_cast<uint32_t>(count);
  std::atomic_ref(*call_tail_).store(end, std::memory_order_release);
  long entered = 0;
  do {
    entered = ::syscall(SYS_io_uring_enter, fd_.get(), count, 0, 0, nullptr, 0);
  } while (entered < 0 && errno == EINTR);
  const auto made = static_cast<uint32_t>(std::max(entered, 0L));
  submitted_ += made;
  if (submitted_ != end) std::atomic_ref(*call_tail_).store(submitted_, std::memory_order_release);
  collect(made);
  return made;
}

// They are all here already, unless the kernel has a reason of its own to do one later; then it is
// waited for. That may be interrupted, and cannot fail otherwise.
void CallBatch::Ring::collect(uint32_t count) {
  while (count > 0) {
    const uint32_t end = std::atomic_ref(*result_tail_).load(std::memory_order_acquire);
    count -= end - collected_;
    for (; collected_ != end; ++collected_) {
      const io_uring_cqe& result = results_[collected_ & result_mask_];
      *reinterpret_cast<int32_t*>(result.user_data) = result.res;
    }
    std::atomic_ref(*result_head_).store(collected_, std::memory_order_release);
    if (count > 0) {
      ::syscall(SYS_io_uring_enter, fd_.get(), 0, count, IORING_ENTER_GETEVENTS, nullptr, 0);
    }
  }
}

// ---- The batch

CallBatch::CallBatch() = default;
CallBatch::~CallBatch() = default;

// Not before it is needed: a ring costs its loop some pages.
void CallBatch::open() {
  opened_ = true;
  ring_ = Ring::open();
  if (!ring_) alone_.resize(kMost);
}

bool CallBatch::together() {
  if (!opened_) open();
  return ring_ != nullptr;
}

void CallBatch::stay_alone() {
  assert(!opened_);
  opened_ = true;
  alone_.resize(kMost);
}

void CallBatch::add(uint8_t operation, int fd, const char* bytes, size_t size, int flags,
                    int32_t& result) {
  assert(!full());
  if (!opened_) open();
  io_uring_sqe& call = ring_ ? ring_->call(size_) : alone_[size_];
  ++size_;
  call = {};
  call.opcode = operation;
  call.fd = fd;
  call.addr = reinterpret_cast<uint64_t>(bytes);
  call.len = static_cast<uint32_t>(std::min<size_t>(size, INT32_MAX));
  call.msg_flags = static_cast<uint32_t>(flags);
  call.user_data = reinterpret_cast<uint64_t>(&result);
}

void CallBatch::receive(int fd, std::span<char> room, int32_t& result) {
  add(IORING_OP_RECV, fd, room.data(), room.size(), MSG_DONTWAIT, result);
}

void CallBatch::send(int fd, std::span<const char> bytes, int32_t& result) {
  add(IORING_OP_SEND, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, result);
}

// One call is made quicker alone.
void CallBatch::make() {
  size_t made = 0;
  if (ring_ && size_ > 1) made = ring_->make(size_);
  for (size_t i = made; i < size_; ++i) make_alone(ring_ ? ring_->call(i - made) : alone_[i]);
  size_ = 0;
}

}  // namespace bao::net
