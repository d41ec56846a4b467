#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "websocket/backlog.h"
#include "websocket/close_code.h"
#include "websocket/extension.h"
#include "websocket/frame_parser.h"
#include "websocket/frame_writer.h"
#include "websocket/utf8.h"
#include "websocket/workspace.h"

namespace bao::websocket {

/// A message of the peer, as the observer gets it. Good until the observer returns.
struct Message {
  std::string_view payload;
  bool text;  ///< valid UTF-8 then
  /// The string that is the payload if the message was joined or decompressed; the observer may
  /// move it away instead of copying. Null if the payload lies in a buffer that others use.
  std::string* storage;
  bool ascii = false;  ///< it is known to be nothing but ASCII
};

/// Told what happens on a connection; on the loop's thread. Calls come from the loop's events and
/// from Workspace::run_pending. Within a call to the connection itself only `on_close` comes, and
/// only from `close` and `terminate`. It may call any method of the connection from each of these,
/// and must not throw. What is sent from within on_message, on_ping, on_pong and on_drain leaves in
/// one write when it returns (or, if more messages lie in the same read, behind them).
class ConnectionObserver {
 public:
  /// A whole message.
  virtual void on_message(Connection& connection, const Message& message) = 0;
  /// A Ping or Pong frame came (at most 125 bytes). The Pong to a Ping is sent already.
  virtual void on_ping(Connection&, std::string_view) {}
  virtual void on_pong(Connection&, std::string_view) {}
  /// What the peer was behind with has left.
  virtual void on_drain(Connection&) {}
  /// The socket is closed for the program: nothing can be sent, and nothing but on_gone is told
  /// after this. Once for each connection. `code` and `reason` are
  /// - those of the peer's Close frame, or 1005 if it had no code;
  /// - those that `close` was called with (1005 if none was sent);
  /// - those that were sent to a peer that broke the protocol: 1002, 1007, 1009 (or 1011 if there
  ///   was no memory) and a sentence;
  /// - 1006 and "" if the peer vanished, the idle timeout ran out or the connection was terminated.
  /// `reason` is good until it returns.
  virtual void on_close(Connection& connection, uint16_t code, std::string_view reason) = 0;
  /// The transport is closed. The connection may be deleted once the call stack has unwound and the
  /// loop's turn is over. The last call.
  virtual void on_gone(Connection& connection) = 0;

 protected:
  ~ConnectionObserver() = default;
};

/// What became of something that was to be sent.
enum class SendResult : uint8_t {
  sent,          ///< on its way
  backpressure,  ///< queued: the peer is behind; on_drain will tell when it is not any more
  dropped,       ///< not sent: closed, or more than the limit waits already
};

/// One WebSocket connection over a transport, on the server's side (RFC 6455, RFC 7692).
///
///     open --close()--> closing --Close frame of the peer, its end, or close_timeout--> gone
///      | Close frame of the peer: answered, on_close ------> finishing --its end, or timeout-->
///      gone | protocol error: Close frame sent, on_close -------> finishing | terminate(), reset,
///      end without a Close frame, idle timeout: on_close --> gone
///
/// Output is gathered and leaves in one write: at the end of the connection's own event, of the
/// outermost cork, or of the loop's turn (Workspace::run_pending), whichever comes first. Payloads
/// of 8 KiB or more leave at once, behind what was gathered, from where they lie. Deleting it is
/// its owner's task, after on_gone; a connection that is deleted before is cut, and nobody is told.
class Connection final : public net::TransportObserver, public net::Timer {
 public:
  /// Takes a transport on which the 101 is about to be sent. All references outlive the connection.
  /// Calls nobody and sends nothing.
  Connection(Workspace& workspace, std::unique_ptr<net::Transport> transport,
             ConnectionObserver& observer, const DeflateAgreement& deflate);
  ~Connection() override;

  /// Attaches to the transport. `output` (the 101 and whatever must leave before it) is copied and
  /// leaves in one write with the first frames. Call once, first.
  void start(std::string_view output);

  /// Gives bytes that were read behind the handshake, once, after `start` and before the loop's
  /// turn ends. They are copied; messages come out of them from Workspace::run_pending on, never
  /// from within this call.
  void feed(std::string_view input);

  // -- Sending. Nothing is told to the observer from within these.

  /// Sends a message. `opcode` is text or binary; a text must be UTF-8, which is not checked.
  /// `compress`: if the agreement allows it and the message is not empty; otherwise it goes as it
  /// is. Throws std::bad_alloc, and then nothing was sent.
  SendResult send(std::string_view payload, Opcode opcode, bool compress);
  /// Sends whole server frames that the caller has formatted (data frames, not Close), to the
  /// account of the same limit. Written from where they lie if nothing was gathered before and no
  /// cork or event of this connection is open, else copied.
  SendResult send_formatted(std::string_view frames);
  /// Send a Ping or Pong frame; at most 125 bytes (longer is dropped).
  SendResult ping(std::string_view payload);
  SendResult pong(std::string_view payload);

  /// Until `uncork`, which must follow for each, what is sent is gathered (but not beyond 128 KiB).
  void cork() { ++corks_; }
  /// Sends what was gathered if it was the outermost one.
  void uncork();

  // -- Ending

  /// Begins the closing handshake (RFC 6455 section 7.1.2): sends a Close frame behind what is
  /// queued and calls on_close before it returns. `code` is sent as it is, but 0, 1005 and 1006
  /// mean that the frame has no code; `reason` (UTF-8) is cut to 123 bytes. Nothing if it is closed
  /// already.
  void close(uint16_t code, std::string_view reason);
  /// Ends the connection now, without a Close frame; calls on_close (unless that was told) and
  /// on_gone before it returns. What was gathered and not sent is lost.
  void terminate();
  /// For the server's stop: `close`, tries once to send what is queued, and then ends the
  /// connection without waiting for the peer.
  void close_now(uint16_t code, std::string_view reason);
  /// False once on_close was told, or nothing can be sent any more.
  bool open() const { return state_ == State::open && !broken_; }
  /// True once on_gone was told.
  bool gone() const { return state_ == State::gone; }

  // -- Reading

  /// Stops reading from the transport, so that the kernel slows the peer down; messages that were
  /// read already still come. The idle timeout is suspended. Does nothing once it is closed.
  void pause();
  void resume();
  bool paused() const { return paused_; }
  /// Delivers nothing more, not even what was read already, until `release`: for handlers that take
  /// the messages of one socket in order and are not done with the present one. On_close may still
  /// come if the connection breaks. The idle timeout is suspended.
  void hold();
  /// Goes on; what was held back comes from Workspace::run_pending on, not from within this call.
  void release();
  bool held() const { return held_; }

  /// The workspace's settings are others now: an idle timeout that is shorter, or was none, holds
  /// from now on.
  void settings_changed();

  // -- Asking

  /// Bytes that the kernel did not take yet.
  size_t buffered_amount() const;
  const DeflateAgreement& deflate() const { return deflate_; }

  // net::TransportObserver
  void on_readable() override;
  void on_writable() override;
  void on_peer_finished() override;
  void on_hangup() override;
  // net::Timer
  void on_timer() override;

 private:
  friend class Workspace;

  enum class State : uint8_t { open, closing, finishing, gone };

  // Bytes in the turn's memory that leave in this turn.
  struct Piece {
    const char* data;
    size_t size;
    Piece* next;
  };
  // What has come of a message, and of a control frame, that does not lie whole in one read.
  struct Assembly {
    std::string message;  // decompressed
    std::string control;
    Utf8Validator utf8;
    std::unique_ptr<Decompressor> decompressor;  // unless the connection has one
  };

  // Frames.
  void run_pending();
  void take(std::span<char> input);
  void consume(std::span<char>& input);
  bool reads_frames() const {
    return (state_ == State::open && !held_) || state_ == State::closing;
  }
  void on_piece();
  void join();
  void join_compressed();
  void deliver(std::string_view payload, bool ascii);
  void deliver_compressed(std::string_view payload);
  bool keeps_context() const { return deflate_.decompress == DeflateSettings::Mode::dedicated; }
  Decompressor& own_decompressor();
  bool refused(Decompressor::Result result);
  void tell(std::string_view payload, std::string* storage, bool ascii);
  void gather_control();
  void on_control(Opcode opcode, std::string_view payload);
  void on_close_frame(std::string_view payload);
  Assembly& assembly();

  // Output.
  SendResult send_frame(Opcode opcode, std::string_view payload, bool compressed);
  SendResult send_compressed(Opcode opcode, std::string_view payload);
  SendResult send_bytes(std::string_view head, std::string_view payload, bool at_once);
  SendResult send_control(Opcode opcode, std::string_view payload);
  bool refuses_more();
  void gather(std::string_view head, std::string_view payload);
  void flush() {
    if (first_ != nullptr) write_gathered({}, {});
  }
  void write_gathered(std::string_view head, std::string_view payload);
  void write_or_keep(std::span<const iovec> pieces);
  void forget_gathered();
  void break_off();

  // Ends.
  void end_event();
  void settle();
  void fail(const Fault& fault);
  void end_session(State state, uint16_t code, std::string_view reason);
  void drop();

  // Time.
  void seen() {
    last_seen_ = workspace_.now;
    pinged_ = false;
  }
  net::TimePoint idle_deadline() const;
  void arm_idle_timer();
  void arm_close_timer();
  void on_idle();

  Workspace& workspace_;
  std::unique_ptr<net::Transport> transport_;
  ConnectionObserver& observer_;
  net::TimePoint last_seen_;
  Piece* first_ = nullptr;  // what was gathered
  Piece* last_ = nullptr;
  size_t gathered_ = 0;
  Connection* previous_pending_ = nullptr;
  Connection* next_pending_ = nullptr;
  std::unique_ptr<Backlog> backlog_;        // only while the peer is slow
  std::unique_ptr<std::string> rest_;       // input that must wait
  std::unique_ptr<Assembly> assembly_;      // only while something has come in part
  std::unique_ptr<Compressor> compressor_;  // dedicated ones, once they were used
  std::unique_ptr<Decompressor> decompressor_;
  FrameParser parser_;
  uint32_t discarded_ = 0;
  DeflateAgreement deflate_;
  uint16_t corks_ = 0;  // and one for an event that is under way
  State state_ = State::open;
  bool pending_ = false;
  bool broken_ = false;  // a write failed, or the limit was reached: told at the end of the turn
  bool paused_ = false;
  bool held_ = false;
  bool reading_ = true;
  bool pinged_ = false;
  bool started_ = false;
  bool finished_writing_ = false;
};

}  // namespace bao::websocket
