#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http1/body_decoder.h"
#include "http1/output_queue.h"
#include "http1/request_parser.h"
#include "http1/workspace.h"
#include "net/transport.h"

namespace bao::http1 {

/// One HTTP/1.x connection: bytes from a transport become exchanges, replies become bytes.
///
/// One exchange is under way at a time. What a pipelining client sends behind it waits, first in a
/// buffer of at most one read, then in the kernel, so replies are in order and memory is bounded.
/// All replies of one read leave in one write. The states of the connection:
///
///     reading a head --complete--> exchange: body unread -> collecting -> whole     (if a handler
///     asks for it)
///        ^    |                        |              \-> discarding -> thrown away  (if none did)
///        |    | refused                | replied and body at its end
///        |    v                        v
///        |  error reply         keep-alive? --yes--> back to reading a head
///        |    |                        | no
///        |    v                        v
///        |  lingering <--unread input-- ended --> closed
///
/// In place of its reply an exchange may take the transport away for another protocol (`upgrade`,
/// `hand_over`); the connection is closed then.
///
/// Deleting it is its owner's task, after `on_connection_closed`.
class Connection final : public net::TransportObserver,
                         public net::Timer,
                         public http::Stream,
                         public http::Link {
 public:
  Connection(Workspace& workspace, std::unique_ptr<net::Transport> transport,
             const net::PeerAddress& peer);
  ~Connection() override;

  /// Starts reading. Call once.
  void start();

  /// True between requests: no byte of one has come, and the last reply is out.
  bool idle() const { return exchange_ == nullptr && queue_ == nullptr && !closed_ && !lingering_; }

  /// Closes the connection once its present exchange is over; at once if it is idle.
  void close_when_done();

  /// Ends the connection now. The peer sees a reset if a reply or a request is cut short.
  void cut(http::Failure cause);

  // For the owner's list of its connections.
  Connection* previous = nullptr;
  Connection* next = nullptr;

  // net::TransportObserver
  void on_readable() override;
  void on_writable() override;
  void on_peer_finished() override;
  void on_hangup() override;
  bool reads_next() const override { return idle(); }
  // net::Timer
  void on_timer() override;
  // http::Stream
  void send_reply(http::Exchange& exchange, const http::Reply& reply) override;
  bool send_content(http::Exchange& exchange, std::string_view piece) override;
  void end_content(http::Exchange& exchange, const Fields* trailers) override;
  void start_body(http::Exchange& exchange) override;
  void resume_body(http::Exchange& exchange) override;
  void drop_body(http::Exchange& exchange) override;
  void abort(http::Exchange& exchange) override;
  const net::PeerAddress& peer() const override { return peer_; }
  std::optional<net::Security> security() const override { return transport_->security(); }
  void set_idle_timeout(std::chrono::milliseconds timeout) override;
  std::optional<http::Upgraded> upgrade(http::Exchange& exchange, std::string_view protocol,
                                        const Fields& fields) override;
  std::optional<http::Upgraded> hand_over(http::Exchange& exchange) override;
  void send_interim(http::Exchange& exchange, int status, const Fields& fields) override;
  http::Link* link() override { return this; }
  bool gather() override;
  void send_ahead() override;
  void send_gathered() override;
  // http::Link
  std::optional<net::SocketAddress> local() const override { return transport_->local(); }
  void drop(bool reset) override;
  void has_waited() override { last_activity_ = workspace_.now; }
  bool may_wait() const override { return input_.empty() && (out_ == nullptr || out_->empty()); }

 private:
  enum class BodyMode : uint8_t { none, unread, collecting, discarding };

  // A turn: everything that happens between taking an output buffer and sending it.
  void run_turn(std::string_view input);
  void begin_turn(std::string_view input);
  void end_turn();
  void hold_input();
  void settle();

  // Steps of a turn; true if there may be more to do.
  void take_steps();
  bool step();
  bool skip_empty_lines();
  bool read_head();
  bool read_body();
  bool exceeds_limit(size_t more) const;
  bool discard(size_t bytes);
  void give_up_body();
  void begin_exchange();
  Refusal look_ahead() const;
  void end_exchange();
  void refuse(const Refusal& refusal, http::Failure cause);
  void write_reply(const http::Reply& reply);
  void write_error_reply(const Refusal& refusal, bool head_request, std::string_view added_lines);

  // Output.
  void flush();
  void send_large(const http::Reply& reply);
  void send_file(http::FileContent& content);
  void join_file(const http::FileContent& content);
  bool output_blocked() const;
  bool wants_input() const;
  bool reading_body() const {
    return in_exchange_ &&
           (body_mode_ == BodyMode::collecting || body_mode_ == BodyMode::discarding);
  }

  // Ends.
  void peer_ended();
  void tell_client_gone();
  void let_go();
  void finish();
  void linger_read();
  void close(bool reset, http::Failure cause);

  net::TimePoint deadline() const;
  void ensure_timer();
  bool peer_moved();
  void time_out();

  Workspace& workspace_;
  std::unique_ptr<net::Transport> transport_;
  http::Exchange* exchange_ = nullptr;
  std::unique_ptr<OutputBuffer> out_;   // only in a turn
  std::unique_ptr<OutputQueue> queue_;  // only while the peer is slow
  std::string_view input_;              // only in a turn: what has not been consumed
  std::string held_;                    // input that must wait for its turn
  uint32_t held_start_ = 0;
  RequestParser parser_;
  BodyDecoder body_;
  uint64_t discarded_ = 0;
  uint64_t content_left_ = 0;  // of a streamed reply with a known length
  size_t untaken_ = 0;         // by a peer that is behind, when it was looked at last
  size_t burst_ = 0;           // of streamed content and files, since others had their turn
  net::TimePoint last_activity_;
  net::TimePoint head_started_;
  std::chrono::milliseconds idle_timeout_;
  net::PeerAddress peer_;
  BodyMode body_mode_ = BodyMode::none;
  bool in_exchange_ = false;  // exchange_ has a whole head
  bool replied_ = false;      // the head of the reply is written
  bool content_due_ = false;  // the reply is streamed and not at its end
  bool peer_behind_ = false;  // the handler waits for on_drained
  ContentCoding content_coding_ = ContentCoding::length;
  bool sent_ahead_ = false;  // what is in `out_`; that must be accounted for
  bool fresh_ = true;        // no request yet
  bool close_after_ = false;
  bool linger_ = false;
  bool lingering_ = false;
  bool peer_finished_ = false;
  bool closed_ = false;
};

}  // namespace bao::http1
