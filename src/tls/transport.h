#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/timer_queue.h"
#include "net/transport.h"
#include "tls/certificate_request.h"
#include "tls/context.h"
#include "tls/engine.h"
#include "tls/plaintext_source.h"
#include "tls/workspace.h"

namespace bao::tls {

class Transport;

/// Told how a handshake ends; see Transport::start.
class HandshakeObserver {
 public:
  /// Plaintext may flow: `attach` it. Bytes that came along are told once this returns.
  virtual void on_handshake_done(Transport& transport) = 0;
  /// It has come to nothing, and the transport is closed. It must not be deleted before the call
  /// stack has unwound and the loop's turn is over.
  virtual void on_handshake_failed(Transport& transport) = 0;

 protected:
  ~HandshakeObserver() = default;
};

/// The server's end of TLS over another transport.
///
///     opening --ClientHello--> handshake --done--> open --finish_writing, close--> closed
///        |  \                    ^   |
///        |   \--name--> waiting for a certificate
///        |                       |   |
///        |--plain HTTP--> refusing   |
///        \---------- failed ---------/
///
/// OpenSSL's part is made only once the ClientHello is here, with the context that its name
/// chooses, so half-open connections cost little. Bytes are told as written as their ciphertext is
/// taken by the transport below, the last one with the last, so nothing is lost when the connection
/// is closed after that.
class Transport final : public net::Transport,
                        private net::TransportObserver,
                        private net::Timer,
                        private CertificateRequest::Waiter {
 public:
  /// Takes the transport below. `workspace` outlives this.
  Transport(Workspace& workspace, std::unique_ptr<net::Transport> below,
            std::shared_ptr<const Context> context);
  ~Transport() override;

  /// Begins the handshake, which goes on by itself. Call once. Throws what `attach` of the
  /// transport below throws.
  void start(HandshakeObserver& observer);

  /// Breaks the handshake off, without telling its observer. Not after it is done.
  void give_up();

  /// True once the handshake is done.
  bool open() const { return state_ == State::open; }
  /// The protocol that was chosen by ALPN (RFC 7301), `http/1.1` say; empty if the client offered
  /// none.
  std::string_view protocol() const;
  /// True once the peer has sent its end, but no close_notify before it: somebody between may have
  /// cut the connection.
  bool incomplete_close() const { return incomplete_close_; }

  // net::Transport
  void attach(net::TransportObserver& observer) override;
  net::IoResult read(std::span<char> buffer) override;
  net::IoResult write(std::span<const iovec> pieces) override;
  net::IoResult write_file(std::span<const iovec> before, int file, uint64_t offset,
                           size_t length) override;
  std::optional<size_t> untaken() const override { return below_->untaken(); }
  std::optional<net::SocketAddress> local() const override { return below_->local(); }
  std::optional<net::Security> security() const override;
  void want_read(bool wanted) override;
  void want_write(bool wanted) override;
  void finish_writing() override;
  void close(bool reset) override;

 private:
  enum class State : uint8_t { opening, waiting, handshake, open, refusing, closed };

  // net::TransportObserver
  void on_readable() override;
  void on_writable() override;
  void on_peer_finished() override;
  void on_hangup() override;
  // net::Timer
  void on_timer() override;
  // CertificateRequest::Waiter
  void on_certificate(std::shared_ptr<const Credentials> credentials) override;
  void on_no_certificate(const std::string& reason) override;

  // Before the handshake is done (handshake.cc).
  void read_opening();
  void choose_certificate(std::string server_name);
  void begin_handshake(const Credentials* credentials);
  void read_handshake();
  void advance(std::string_view input);
  void handshake_done();
  void refuse_plain_text();
  void read_refused();
  void alert_and_fail(unsigned char description);
  void linger();
  void fail();
  void leave(bool done);

  net::IoResult read_result(const Engine::ReadResult& result, net::IoResult::Status below);
  net::IoResult send(PlaintextSource source);
  size_t encrypt(PlaintextSource& source);
  size_t tell_of_batch(size_t most);
  void begin_output();
  bool send_output();
  bool flush_unsent();
  void update_write();
  void tell_again();
  bool input_left() const { return !rest_.empty() || engine_->has_plaintext(); }
  bool left_to_tell() const { return ended_ || read_failed_ || input_left(); }

  Workspace& workspace_;
  std::unique_ptr<net::Transport> below_;
  std::shared_ptr<const Context> context_;
  HandshakeObserver* handshake_observer_ = nullptr;
  net::TransportObserver* observer_ = nullptr;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<CertificateRequest> request_;
  // Bytes of the wire that came and are not used yet: the ClientHello, or more than was asked for.
  std::string rest_;
  // Ciphertext that the transport below has not taken, from `sent_` on.
  std::string unsent_;
  size_t sent_ = 0;
  // Plaintext whose ciphertext begins `unsent_`, with what of that was sent before.
  struct Batch {
    size_t plaintext = 0;
    size_t told = 0;  // of the plaintext, as written
    size_t ciphertext = 0;
    size_t sent_at_once = 0;
  };
  Batch batch_;
  size_t burst_ = 0;  // sent since the connection was idle
  net::TimePoint last_write_{};
  Context::Choice choice_{};
  std::string server_name_;
  size_t refused_bytes_ = 0;
  State state_ = State::opening;
  bool low_memory_mode_ = false;
  bool read_wanted_ = true;
  bool write_wanted_ = false;
  bool below_writes_ = false;  // the transport below was asked to tell when there is room
  bool finish_due_ = false;
  bool failed_ = false;       // OpenSSL cannot write any more
  bool ended_ = false;        // the peer's close_notify has come
  bool read_failed_ = false;  // nor read
  bool incomplete_close_ = false;
};

}  // namespace bao::tls
