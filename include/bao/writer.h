#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string_view>

#include <bao/task.h>

namespace bao {

namespace detail {
class ReplyStream;
}  // namespace detail

/// The client went away while a streamed reply was written to it.
class ClientGone : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where a streamed reply's content is written, piece by piece; see Response::stream. Good while
/// the producer runs. Only on the loop's thread.
class Writer {
 public:
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// What `co_await writer.write(…)` waits on.
  class Write {
   public:
    bool await_ready() const;
    void await_suspend(std::coroutine_handle<> waiting) const;
    void await_resume() const;

   private:
    friend class Writer;
    explicit Write(detail::ReplyStream& stream) : stream_(stream) {}
    detail::ReplyStream& stream_;
  };

  /// Sends a piece at once, as far as the client takes it; `piece` need not live longer than this
  /// call. The await suspends while the client is far behind, so that a slow one costs no memory,
  /// and throws ClientGone if it has gone. A piece written without an await is sent all the same.
  /// Throws std::length_error, and cuts the connection, if that is more than the length that
  /// Response::stream was given.
  Write write(std::string_view piece);

  /// Adds a field to the trailer section behind the content (RFC 9110 section 6.5). It is sent only
  /// where the reply is chunked, that is in HTTP/1.1 and without a declared length. Throws
  /// std::invalid_argument for malformed fields, and for those that a trailer may not hold because
  /// they decide about framing, routing or the representation.
  void set_trailer(std::string_view name, std::string_view value);

  /// True once the client has gone: what is written then goes nowhere.
  bool client_gone() const;

  /// Stops when the client goes away, the request is aborted or the server is stopped by force: for
  /// producers that wait for something else than the client. One that only closes its sending side
  /// looks the same on TCP; what is written is still sent to it. The token of the Request stops no
  /// more once the handler has returned. It may outlive the Writer.
  std::stop_token stop_token();

 private:
  friend class detail::ReplyStream;
  explicit Writer(detail::ReplyStream& stream) : stream_(stream) {}
  detail::ReplyStream& stream_;
};

/// Produces the content of a streamed reply. Copies share the callable, which lives until the
/// content is finished.
using Producer = std::function<Task<void>(Writer&)>;

}  // namespace bao
