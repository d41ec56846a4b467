#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <bao/body.h>
#include <bao/fields.h>
#include <bao/response.h>
#include <bao/task.h>

namespace bao {

class Request;

namespace detail {
class FetchState;
struct FetchOrder;
}  // namespace detail

/// Another server gave no reply, or not all of it. A handler that lets it pass answers its client
/// with `status()`, and the log is told why.
class FetchError : public std::runtime_error {
 public:
  enum class Reason {
    unresolved,   ///< its host has no address
    unreachable,  ///< no connection
    insecure,     ///< no TLS, or a certificate that is not to be trusted
    timed_out,    ///< no connection in time, or silence
    malformed,    ///< what it sent is not HTTP, or beyond a limit
    cut,          ///< the connection ended before the reply did
    body,         ///< the body of the request did not arrive
    cancelled,    ///< by the stop token, or because the loop has ended
  };
  FetchError(Reason reason, const std::string& sentence)
      : std::runtime_error(sentence), reason_(reason) {}
  Reason reason() const noexcept { return reason_; }
  /// 504 for time-outs, else 502 (RFC 9110 sections 15.6.3 and 15.6.5).
  int status() const noexcept { return reason_ == Reason::timed_out ? 504 : 502; }

 private:
  Reason reason_;
};

/// A request to another server, for `bao::fetch`. A URL alone is a GET.
///
///     bao::FetchRequest("http://localhost:8080/users").method("POST").body(text).timeout(5s)
class FetchRequest {
 public:
  /// `url` is absolute, http or https.
  FetchRequest(std::string url);
  FetchRequest(std::string_view url) : FetchRequest(std::string(url)) {}
  FetchRequest(const char* url) : FetchRequest(std::string(url)) {}
  FetchRequest(const FetchRequest&);
  FetchRequest(FetchRequest&&) noexcept;
  FetchRequest& operator=(FetchRequest&&) noexcept;
  ~FetchRequest();

  /// Any token. Throws std::invalid_argument for what is none, and for CONNECT.
  FetchRequest& method(std::string method);
  /// Sets or adds a field, as those of Response. What belongs to framing (Content-Length,
  /// Transfer-Encoding, Connection, Expect) is not taken from here.
  FetchRequest& set(std::string_view name, std::string_view value);
  FetchRequest& append(std::string_view name, std::string_view value);
  FetchRequest& body(std::string content);
  /// A body that another request brings, sent as it arrives; chunked unless its length is known.
  FetchRequest& body(Body source, std::optional<std::uint64_t> length = std::nullopt);

  /// The client's request, as a proxy sends it on (RFC 9110 section 7.6): its method, its body as
  /// it arrives, and its fields without Host and those that are meant for one connection. Adds
  /// `Via`, `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto`. When the client goes
  /// away the transfer is cancelled.
  FetchRequest& forward(Request& request);

  /// Connects to that unix socket; the URL only says what is asked. A leading NUL byte: abstract.
  FetchRequest& unix_path(std::string path);
  /// How long connecting may take, name resolution included: 10 s. At least 1 ms, else
  /// std::invalid_argument.
  FetchRequest& connect_timeout(std::chrono::milliseconds timeout);
  /// How long the other server may be silent: 30 s, 0 for ever. What waits for us does not count.
  FetchRequest& timeout(std::chrono::milliseconds timeout);
  /// How many redirects are followed; none unless told: then the redirect is the reply. Only those
  /// of GET and HEAD are.
  FetchRequest& follow(std::uint32_t redirects);
  /// The most bytes of the reply's head: 64 KiB.
  FetchRequest& max_head_size(std::uint32_t bytes);
  /// Cancels the transfer when it stops: `req.stop_token()`, so that nothing is asked any more for
  /// a client that has gone.
  FetchRequest& stop(std::stop_token token);

 private:
  friend class detail::FetchState;
  std::unique_ptr<detail::FetchOrder> order_;
};

/// The reply of another server: its head, and its content as it arrives. A handle: copies are the
/// same reply. Once the last one is gone the transfer ends. Only on the loop's thread.
///
/// It converts to a Response that sends it on: status, fields (but for those that are meant for one
/// connection), and content as it arrives, as fast as the client takes it. If the other server
/// fails half-way the client sees a reset.
class FetchReply {
 public:
  int status() const;
  const Fields& fields() const;
  /// The next piece of the content, not empty; none at its end. Throws FetchError. The other server
  /// is read from only as fast as pieces are taken; some 200 KiB wait at most.
  Task<std::optional<std::string>> next();
  /// All of the content that was not taken yet. Throws FetchError, also if it is larger than
  /// `limit` bytes.
  Task<std::string> text(std::uint64_t limit = std::uint64_t{64} << 20);

  /// The reply, to be kept: for a prepared reply on a route, say. With all of the content that was
  /// not taken yet, and with the fields with which it would be sent on, but for `Date` and `Age`:
  /// they say when this copy was made. Throws as `text` does.
  Task<Response> buffered(std::uint64_t limit = std::uint64_t{64} << 20);

  operator Response() const;

 private:
  friend class detail::FetchState;
  explicit FetchReply(std::shared_ptr<detail::FetchState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::FetchState> state_;
};

/// Asks another server, on this thread's loop: `bao::FetchReply reply = co_await bao::fetch(url);`.
/// The await ends with the head of the reply, whatever its status is. Throws FetchError, and
/// std::invalid_argument if the URL is none.
///
/// A handler may return it, and sends the reply on: `return bao::fetch(…);`. Speaks HTTP/1.1, over
/// TLS with the system's certificates, keeps connections for later requests, and takes no proxy
/// from the environment. Nothing is decoded: content comes as it was sent.
Task<FetchReply> fetch(FetchRequest request);

}  // namespace bao
