#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/link.h"
#include "http/reference.h"
#include "http/reply.h"
#include "http/request_head.h"
#include "net/address.h"
#include "net/transport.h"

namespace bao::http {

class Exchange;

/// What a connection leaves to the protocol that it was upgraded to (RFC 9110 section 7.8), or to
/// the tunnel that it becomes (section 9.3.6).
struct Upgraded {
  std::unique_ptr<net::Transport> transport;
  std::string output;  ///< must leave first: the end of HTTP, with the 101 of `upgrade`
  std::string input;   ///< was read behind the request, so it is the new protocol's
  net::PeerAddress peer;
  uint32_t label = 0;  ///< of the http::Link that the connection was
};

/// The codec's side of an exchange: one request's place on a connection, whatever the version of
/// HTTP.
class Stream {
 public:
  /// Sends the reply, or the head of a streamed one. Called once for each exchange.
  virtual void send_reply(Exchange& exchange, const Reply& reply) = 0;
  /// Sends a piece of a streamed reply. False if the peer is behind: the next should wait for
  /// `on_drained`.
  virtual bool send_content(Exchange& exchange, std::string_view piece) = 0;
  /// Ends a streamed reply. `trailers` (may be null) are sent where the coding has room for them.
  virtual void end_content(Exchange& exchange, const Fields* trailers) = 0;
  /// Begins to deliver the body by Exchange::deliver_body, as much as is here at once, the rest as
  /// it arrives.
  virtual void start_body(Exchange& exchange) = 0;
  /// There is room in Exchange::body again after `body_full`.
  virtual void resume_body(Exchange& exchange) = 0;
  /// Nobody reads what is left of a body that was asked for piece by piece.
  virtual void drop_body(Exchange& exchange) = 0;
  /// Ends the connection (or the h2 stream) so that the peer sees a failure. The exchange is told
  /// with `cause`.
  virtual void abort(Exchange& exchange) = 0;
  /// Who sent the request.
  virtual const net::PeerAddress& peer() const = 0;
  /// How its bytes were protected, and who the sender has proved to be; none if they were not.
  virtual std::optional<net::Security> security() const { return std::nullopt; }
  /// How long nothing may move while this exchange lasts; zero: for ever.
  virtual void set_idle_timeout(std::chrono::milliseconds timeout) = 0;
  /// Ends HTTP on the connection by a 101 for `protocol` with those fields, and gives it away; the
  /// stream has let go of the exchange then. Nothing, and nothing happens, where that cannot be.
  virtual std::optional<Upgraded> upgrade(Exchange& exchange, std::string_view protocol,
                                          const Fields& fields) = 0;
  /// Ends HTTP on the connection without a reply, and gives it away; else as `upgrade`. Whoever
  /// gets it sends what the peer waits for.
  virtual std::optional<Upgraded> hand_over(Exchange&) { return std::nullopt; }
  /// Sends an interim reply (RFC 9110 section 15.2), unless the peer speaks HTTP/1.0 or there is
  /// nobody to send it to.
  virtual void send_interim(Exchange&, int /*status*/, const Fields& /*fields*/) {}
  /// The connection; null if there is none.
  virtual Link* link() { return nullptr; }
  /// What is sent until `send_gathered` leaves in one write. False if that is so already, or means
  /// nothing here; else `send_gathered` must follow before the loop goes on, whatever became of the
  /// exchange.
  virtual bool gather() { return false; }
  /// Adds the sending of what was gathered so far to the loop's calls (net::Loop::calls), if that
  /// can be: they must be made before `send_gathered`, and nothing be sent between.
  virtual void send_ahead() {}
  virtual void send_gathered() {}
  /// For a handler that could reply at once: true if it may as well do it later in the turn, since
  /// nothing that is here already waits for this reply, nor would any other leave with it.
  virtual bool may_wait() const { return false; }
  /// A handler that was put off so has begun only now, after others that took long: that was no
  /// idle time of the peer's.
  virtual void has_waited() {}

 protected:
  ~Stream() = default;
};

/// Why a body did not arrive, or an exchange ended without its reply.
enum class Failure : uint8_t {
  none,
  client_gone,     ///< the peer closed or reset the connection
  timed_out,       ///< nothing moved for the idle timeout
  body_too_large,  ///< more than the body limit arrived
  malformed_body,  ///< the chunked coding was violated
  aborted,         ///< the program aborted it, or replied before it had the body
  stopped,         ///< the server was stopped by force
};

/// Who reads a body piece by piece; see Exchange::stream_body.
class BodyReader {
 public:
  /// There is more in `exchange.body()`, or the body is whole, or it will never be: `body_state`
  /// tells. The reader may do anything here, and end.
  virtual void on_body(Exchange& exchange) = 0;

 protected:
  ~BodyReader() = default;
};

/// A handler's side of an exchange that did not answer at once.
class ExchangeObserver {
 public:
  /// The whole body is here, or will never be (`exchange.failure()`).
  virtual void on_body_complete(Exchange& exchange) = 0;
  /// The client has sent its end (`exchange.stream()` is still there: a reply is sent if it comes,
  /// because TCP cannot tell a half-close from an end, see docs/architecture.md), or the exchange
  /// was cut (there is no stream any more). The second may follow the first.
  virtual void on_client_gone(Exchange& exchange) = 0;
  /// What `write` has sent has left: there is room again. Only after a `write` that said `behind`.
  virtual void on_drained(Exchange&) {}

 protected:
  ~ExchangeObserver() = default;
};

/// Stands between an exchange and its stream and changes the reply on its way: a content coding,
/// say. The calls are those of Stream, which a filter makes in its turn.
class ReplyFilter {
 public:
  virtual ~ReplyFilter() = default;
  virtual void send_reply(Exchange& exchange, Stream& stream, const Reply& reply) = 0;
  virtual bool send_content(Exchange& exchange, Stream& stream, std::string_view piece) = 0;
  virtual void end_content(Exchange& exchange, Stream& stream, const Fields* trailers) = 0;
};

/// Undoes a content coding of a body on its way in.
class BodyFilter {
 public:
  enum class Status : uint8_t {
    more,       ///< all that was put is used up
    full,       ///< as much as there was room for is decoded, and there may be more
    malformed,  ///< not of this coding
  };
  virtual ~BodyFilter() = default;
  /// Adds a piece of the body as it was sent; it is kept until it is decoded.
  virtual void put(std::string_view encoded) = 0;
  /// Appends at most `room` decoded bytes to `decoded`.
  virtual Status decode(size_t room, std::string& decoded) = 0;
  /// Whether the body may end here.
  virtual bool at_end() const = 0;
};

/// One request and its reply. Version-independent: what a codec hands to the layers above.
///
/// Counted references on one thread: the codec holds one while the exchange is on its connection, a
/// handler that suspended holds another, so the object stays good when the connection is gone. At
/// zero it is cleared and goes back to the pool that it came from.
class Exchange {
 public:
  enum class BodyState : uint8_t {
    unread,      ///< nobody has asked for it
    collecting,  ///< asked for; some of it may be here
    complete,    ///< all of it is in `body()`
    failed,      ///< it will never be complete; see `failure()`
  };

  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  // -- The request

  RequestHead head;

  BodyState body_state() const { return body_state_; }
  /// What has been collected of the body.
  std::string& body() { return body_; }
  /// Asks for the whole body. It may be complete when this returns, or have failed: it cannot be
  /// had any more once a reply is out. Else the observer is told later.
  void collect_body();
  /// Asks for the body piece by piece, if nobody has asked for it yet: `reader` is told when there
  /// is more in `body()`, from within this call if it is here already. Once `body_window` bytes
  /// wait there, which one read of the connection may exceed, no more comes until they are taken.
  void stream_body(BodyReader& reader);
  size_t body_window = kBodyWindow;
  static constexpr size_t kBodyWindow = 64 * 1024;
  /// Takes the piece that is there and makes room for more, which may come from within this call.
  std::string take_body_piece();
  /// The reader of `stream_body` goes away: nobody reads what is left.
  void drop_body();
  /// True if somebody still reads, or waits for, a body that is not whole.
  bool body_wanted() const {
    return body_state_ == BodyState::collecting && (reader_ != nullptr || !by_pieces_);
  }
  /// True while as much of the body waits as may.
  bool body_full() const { return by_pieces_ && (body_.size() >= body_window || undecoded_waits_); }
  /// The body is decoded by that filter, before which nobody may have asked for it. One that comes
  /// to more than `limit` bytes is answered with 413, a malformed one with 400; if a reply is under
  /// way already the connection is cut.
  void decode_body(std::unique_ptr<BodyFilter> filter, uint64_t limit);
  bool decodes_body() const { return body_filter_ != nullptr; }
  /// The most bytes that the body may have, in content (not framing), as it is sent. Set before it
  /// is asked for.
  uint64_t body_limit = 0;
  /// Bytes of the body that were delivered.
  uint64_t body_received() const { return body_received_; }

  /// The fields behind the body, once it is whole; null for none. The codec has left out those that
  /// a trailer section may not have (RFC 9110 section 6.5.1).
  std::unique_ptr<Fields> trailers;

  /// Where it came from; null when the connection is gone.
  Stream* stream() const { return stream_; }
  Failure failure() const { return failure_; }
  /// True once the peer has sent its end or the connection is gone.
  bool client_gone() const { return client_gone_; }

  // -- The reply

  /// Sends the reply. False, and nothing happens, if one was sent already or the connection is
  /// gone. Of a streamed one `streaming` tells afterwards whether its content is wanted: not in
  /// reply to HEAD, nor with 204, 205 and 304, which are finished with their head.
  bool reply(const Reply& reply);
  bool replied() const { return replied_; }

  /// Answers with `101 Switching Protocols` to `protocol`, which the request must have asked for,
  /// with those fields beside the ones that framing has, and takes the connection away from HTTP:
  /// nothing has been sent yet, and nobody watches the transport any more. Nothing, and nothing
  /// happens, if the exchange is not open, or the connection cannot be given away: the request has
  /// a body that was not read, or came by HTTP/1.0 or without a socket, or earlier replies still
  /// wait for a slow client.
  std::optional<Upgraded> upgrade(std::string_view protocol, const Fields& fields);

  /// Takes the connection away from HTTP without a reply, which is then the taker's to send: for
  /// protocols that others speak. Else as `upgrade`, but in HTTP/1.0, too.
  std::optional<Upgraded> hand_over();

  /// Sends an interim reply: a status from 100 to 199 but 101, with those fields but the ones that
  /// framing has. Nothing happens in HTTP/1.0, whose clients know none (RFC 9110 section 15.2).
  /// False, and nothing happens, once a reply was sent, or the connection is gone.
  bool send_interim(int status, const Fields& fields);

  enum class WriteResult : uint8_t {
    sent,    ///< on its way
    behind,  ///< on its way, but the peer is slow, or it is others' turn: wait for the observer's
             ///< on_drained
    over,    ///< not sent: the connection is gone, or the content is finished
  };
  /// Sends a piece of a streamed reply's content.
  WriteResult write(std::string_view piece);
  /// Ends a streamed reply. False if the connection is gone.
  bool finish(const Fields* trailers);
  /// True between the head of a streamed reply and its end.
  bool streaming() const { return streaming_ && stream_ != nullptr; }
  /// Fields that go out with whatever reply leaves, the protocol layer's own included: its cookies.
  /// Null for none.
  std::unique_ptr<Fields> added_fields;
  /// True while a reply can be sent.
  bool open() const { return stream_ != nullptr && !replied_; }
  /// Cuts the connection. False if the exchange was over.
  bool abort();

  /// Sends the reply through `filter` from now on, which must stay alive as long as the exchange is
  /// on its stream, or is owned by it.
  void filter_reply(ReplyFilter& filter) { reply_filter_ = &filter; }
  void filter_reply(std::unique_ptr<ReplyFilter> filter) {
    reply_filter_ = filter.get();
    own_filter_ = std::move(filter);
  }
  /// For a filter that makes a streamed reply of a whole one: its content follows by `write`.
  void stream_reply() { streaming_ = true; }

  /// At most one; null for none. It must stay alive while it is set.
  void set_observer(ExchangeObserver* observer) { observer_ = observer; }
  ExchangeObserver* observer() const { return observer_; }

  // -- The codec's side

  /// Puts the exchange on a stream, for a new request.
  void attach(Stream& stream) { stream_ = &stream; }
  /// Adds a piece of the body.
  void deliver_body(std::string_view piece) {
    body_received_ += piece.size();
    if (body_filter_ != nullptr) return deliver_encoded(piece);
    body_.append(piece);
    if (reader_ != nullptr) reader_->on_body(*this);
  }
  /// The body is whole.
  void end_body();
  /// The body will never be whole.
  void fail_body(Failure failure);
  /// There is room again after a `write` that said `behind`.
  void on_drained() {
    if (observer_ != nullptr) observer_->on_drained(*this);
  }
  /// The peer has sent its end; a reply can still be sent.
  void signal_client_gone();
  /// The reply is out: the stream lets go of the exchange.
  void detach() { stream_ = nullptr; }
  /// No reply will go out any more: the stream lets go of the exchange and tells its observer why.
  void cut(Failure cause);

  // -- References

  uint32_t references() const { return references_; }
  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) recycle();
  }

 protected:
  /// Called at zero references: clears the object and keeps it for another request, or deletes it.
  virtual void recycle() = 0;
  /// Makes the object as new.
  void clear();

 private:
  Stream* stream_ = nullptr;
  ExchangeObserver* observer_ = nullptr;
  BodyReader* reader_ = nullptr;
  uint64_t body_received_ = 0;
  uint32_t references_ = 0;
  BodyState body_state_ = BodyState::unread;
  Failure failure_ = Failure::none;
  bool replied_ = false;
  bool streaming_ = false;
  bool client_gone_ = false;
  bool by_pieces_ = false;
  bool body_ended_ = false;       // of an encoded one: all of it was put into the filter
  bool undecoded_waits_ = false;  // for room in body_
  bool decoding_ = false;
  std::string body_;
  uint64_t decoded_left_ = 0;  // of what an encoded body may come to
  std::unique_ptr<BodyFilter> body_filter_;
  ReplyFilter* reply_filter_ = nullptr;
  std::unique_ptr<ReplyFilter> own_filter_;

  void tell_body_over();
  void deliver_encoded(std::string_view piece);
  void decode_waiting();
  bool decode_some();
  void refuse_body(int status, std::string_view reason, Failure failure);
};

/// What stands above the codecs: makes exchanges and answers requests.
class ExchangeHandler {
 public:
  /// An exchange in its cleared state, without references; usually out of a pool.
  virtual Exchange& make_exchange() = 0;
  /// A request's head is here. The handler replies before it returns, or keeps a reference and
  /// replies later.
  virtual void on_request(Exchange& exchange) = 0;
  /// The most bytes that the body of any request may have, where that is more than the codec's own
  /// limit; `on_request` then judges those above it. 0: nowhere.
  virtual uint64_t largest_body() const { return 0; }

 protected:
  ~ExchangeHandler() = default;
};

}  // namespace bao::http
