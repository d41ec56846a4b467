#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>

#include "net/address.h"
#include "net/loop.h"

namespace bao::net {

/// What a read or a write came to.
struct IoResult {
  enum class Status : unsigned char {
    ok,           ///< `bytes` were moved
    would_block,  ///< nothing can be moved now; the observer will be told
    end,          ///< reads only: the peer has sent its last byte
    broken,       ///< the connection is gone; nothing will ever be moved again
    no_source,    ///< write_file only: the file has no byte there, or cannot be read
  };
  Status status;
  size_t bytes = 0;
};

/// The number of bytes in all of the pieces.
inline size_t size_of(std::span<const iovec> pieces) {
  size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  return size;
}

/// Told what happens on a transport. Called on the loop's thread, never from within a call to the
/// transport.
class TransportObserver {
 public:
  /// `read` has something: bytes, the end, or a failure. Repeated each turn while reading is wanted
  /// and it is so.
  virtual void on_readable() = 0;
  /// `write` has room again. Only while writing is wanted.
  virtual void on_writable() = 0;
  /// The peer has sent its last byte, and reading was not wanted at that time (bytes may still wait
  /// to be read).
  virtual void on_peer_finished() = 0;
  /// The connection is gone in both directions: nothing that is written can arrive.
  virtual void on_hangup() = 0;
  /// Whether it is going to read, with room for Loop::kRoomAhead or more, should it be told next
  /// that something can be read, unless it closes the transport first. Then that may be done ahead.
  virtual bool reads_next() const { return false; }

 protected:
  ~TransportObserver() = default;
};

/// What a transport that encrypts knows of its connection.
struct Security {
  std::string protocol{};     ///< "TLSv1.3"
  std::string cipher{};       ///< "TLS_AES_128_GCM_SHA256"
  std::string server_name{};  ///< that the client asked for; empty if it named none
  /// The peer's certificate (DER); empty if it has shown none, or was not asked.
  std::string peer_certificate{};
  /// The peer has shown a certificate and it is valid.
  bool authorized = false;
  /// Why it is not, in OpenSSL's words; empty if it is, or none was shown.
  std::string authorization_error{};
};

/// A stream of bytes in both directions between this process and one peer: TCP, unix, TLS over
/// either, or memory in tests. One thread's; never blocks.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Starts telling `observer`, which must outlive the transport or its `close`. Reading is wanted
  /// from the start, writing is not. May be called again: then that observer takes over, for
  /// another protocol on the same connection, and whatever waits to be read is told to it.
  virtual void attach(TransportObserver& observer) = 0;

  /// Reads at most `buffer.size()` bytes. Fewer bytes than asked for mean that no more wait right
  /// now.
  virtual IoResult read(std::span<char> buffer) = 0;

  /// Writes the pieces in their order, as far as there is room.
  virtual IoResult write(std::span<const iovec> pieces) = 0;

  /// Adds the writing of the bytes to the loop's calls (Loop::calls). When those have been made the
  /// next `write`, whose pieces must begin with the same bytes, tells what it came to; until then
  /// the bytes must live, and no other method but `close` may be called, which makes the calls.
  /// False, and nothing happens, where a transport does not have it, or the calls are full.
  virtual bool write_ahead(std::span<const char> /*bytes*/) { return false; }

  /// Writes the pieces and behind them `length` bytes (not zero) of the open file `file` from
  /// `offset` on, as far as there is room. Tells of a file that ends before only when nothing else
  /// was moved. Waits for the disk if it must. This one reads the file piece by piece and writes
  /// that; a transport that knows a shorter way has its own.
  virtual IoResult write_file(std::span<const iovec> before, int file, uint64_t offset,
                              size_t length);

  /// How many of the bytes that `write` took still wait in this machine or on the way; they grow
  /// fewer as the peer takes them. None if that cannot be told. A system call: for rare decisions.
  virtual std::optional<size_t> untaken() const { return std::nullopt; }

  /// The address of this end. A system call; none if that cannot be told.
  virtual std::optional<SocketAddress> local() const { return std::nullopt; }

  /// Who the peer has proved to be, and how the bytes are protected; none if they are not. Costs
  /// some allocations: for whoever asks.
  virtual std::optional<Security> security() const { return std::nullopt; }

  /// Whether `on_readable` is to be called. Cheap to call often.
  virtual void want_read(bool wanted) = 0;
  /// Whether `on_writable` is to be called.
  virtual void want_write(bool wanted) = 0;

  /// Tells the peer that no more bytes will come (TCP: FIN). Reading goes on.
  virtual void finish_writing() = 0;

  /// Ends the connection. `reset`: so that the peer sees a failure, not an end (TCP: RST). No
  /// observer call follows, and no other method may be called.
  virtual void close(bool reset) = 0;
};

/// A Transport over a connected, non-blocking stream socket (TCP or unix).
class SocketTransport final : public Transport, public EventHandler {
 public:
  /// Takes the socket. Throws std::system_error in `attach` if it cannot be watched.
  SocketTransport(Loop& loop, FileDescriptor socket) : loop_(loop), socket_(std::move(socket)) {}
  ~SocketTransport() override;

  void attach(TransportObserver& observer) override;
  IoResult read(std::span<char> buffer) override;
  IoResult write(std::span<const iovec> pieces) override;
  bool write_ahead(std::span<const char> bytes) override;
  IoResult write_file(std::span<const iovec> before, int file, uint64_t offset,
                      size_t length) override;
  std::optional<size_t> untaken() const override;
  std::optional<SocketAddress> local() const override;
  void want_read(bool wanted) override;
  void want_write(bool wanted) override;
  void finish_writing() override;
  void close(bool reset) override;

  void on_event(uint32_t events) override;
  void read_ahead(uint32_t events, CallBatch& calls, std::span<char> room) override;

 private:
  IoResult read_socket(std::span<char> buffer);
  IoResult take_ahead(std::span<char> buffer);
  void tell(uint32_t events);
  IoResult send_message(std::span<const iovec> pieces, int flags);
  void update(uint32_t events);

  Loop& loop_;
  FileDescriptor socket_;
  int32_t ahead_result_ = 0;  // of the call that was made ahead: a count, or a negative errno
  TransportObserver* observer_ = nullptr;
  // The Loop::kRoomAhead bytes into which was read ahead of the event that is about to be told;
  // null if nothing was.
  const char* ahead_ = nullptr;
  uint32_t watched_ = 0;
  bool wrote_ahead_ = false;
  bool attached_ = false;
  bool read_wanted_ = true;
  bool peer_finished_ = false;
};

}  // namespace bao::net
