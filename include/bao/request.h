#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/body.h>
#include <bao/cookie.h>
#include <bao/error.h>
#include <bao/form.h>
#include <bao/peer_certificate.h>
#include <bao/response.h>
#include <bao/socket_address.h>

namespace bao {

class Request;
class Server;

namespace detail {

class Call;

/// Waits for the whole body of a request.
class BodyWait {
 public:
  explicit BodyWait(Call& call) : call_(&call) {}

  bool await_ready() const;
  void await_suspend(std::coroutine_handle<> waiting) const;

 protected:
  /// The body, moved out. Throws BodyError, or std::logic_error if it was taken before.
  std::string take() const;
  /// Throws BodyNotReady unless the body is here or will never be.
  void require_ready() const;

 private:
  Call* call_;
};

}  // namespace detail

/// The whole body of a request as text: `co_await req.text()`. Does not suspend if the body is here
/// already. Throws BodyError if it does not arrive.
class [[nodiscard("nothing is read until it is awaited: co_await it")]] TextBody
    : public detail::BodyWait {
 public:
  using BodyWait::BodyWait;
  std::string await_resume() const { return take(); }
  /// The same without waiting, for handlers wrapped in `bao::buffered`, where the body has always
  /// arrived. Elsewhere it throws BodyNotReady if it has not: the faster the client, the rarer.
  std::string get() const {
    require_ready();
    return take();
  }
};

/// The whole body of a request as bytes.
class [[nodiscard("nothing is read until it is awaited: co_await it")]] BytesBody
    : public detail::BodyWait {
 public:
  using BodyWait::BodyWait;
  std::vector<std::byte> await_resume() const;
  std::vector<std::byte> get() const {
    require_ready();
    return await_resume();
  }
};

/// The whole body of a request as JSON, read by JsonAdapter<T>, which throws if it is none.
template <typename T>
class [[nodiscard("nothing is read until it is awaited: co_await it")]] JsonBody
    : public detail::BodyWait {
 public:
  using BodyWait::BodyWait;
  T await_resume() const {
    static_assert(detail::HasJsonAdapter<T>,
                  "json<T>() needs to know how to read this type: #include <bao/json.h> for "
                  "nlohmann::json, or "
                  "specialise bao::JsonAdapter");
    return JsonAdapter<T>::parse(take());
  }
  T get() const {
    require_ready();
    return await_resume();
  }
};

/// A request, as a handler sees it. It is good until the handler has returned, and in a coroutine
/// until the coroutine has ended; so are the views that it returns. Only on the loop's thread.
class Request {
 public:
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// The method as it was sent: any token, case-sensitive.
  std::string_view method() const;
  /// The absolute URL: scheme, authority and target, as they were sent.
  std::string url() const;
  /// The path as it was sent, percent-encoded; never empty.
  std::string_view path() const;

  /// The query as it was sent, without `?`; empty if there is none.
  std::string_view query_string() const;
  /// The first query parameter of that name, decoded as HTML forms encode (`+` is a space).
  std::optional<std::string> query(std::string_view name) const;
  /// All query parameters of that name, in order.
  std::vector<std::string> query_all(std::string_view name) const;
  /// All query parameters, decoded, in order.
  std::vector<std::pair<std::string, std::string>> query_entries() const;

  /// The value of the first field of that name, without regard to case.
  std::optional<std::string_view> field(std::string_view name) const;
  /// The values of all fields of that name, in order.
  std::vector<std::string_view> field_all(std::string_view name) const;
  /// All fields, in the order in which they were sent.
  std::vector<Fields::Field> fields() const;

  /// The value of a parameter of the route's pattern (`:id`, or `*` for the rest), percent-decoded.
  /// Throws std::out_of_range that names the parameter if the route has none of that name.
  std::string param(std::string_view name) const;

  /// The cookies, to read and to change: what is set or erased there goes out with the reply.
  Cookies& cookies() const;
  /// The value of a cookie, decoded: `cookies().get(name)`.
  std::optional<std::string> cookie(std::string_view name) const { return cookies().get(name); }

  /// The whole body; see the classes. It can be taken once.
  TextBody text() { return TextBody(call_); }
  BytesBody bytes() { return BytesBody(call_); }
  template <typename T>
  JsonBody<T> json() {
    return JsonBody<T>(call_);
  }
  /// The body piece by piece; see Body. Throws std::logic_error if it was taken as a whole.
  Body body();
  /// The body as a form, `multipart/form-data` or `application/x-www-form-urlencoded`:
  /// `bao::Form form = co_await req.form();`. Throws FormError if it is none, and BodyError if it
  /// does not arrive.
  Task<Form> form(FormLimits limits = {});
  /// The same part by part; see FormReader. Throws FormError if the type is not that of a form.
  FormReader form_parts(FormLimits limits = {});
  /// The fields behind a chunked body (RFC 9110 section 6.5), once its end has been read; those
  /// that may only stand in a head are left out. Empty before, and for bodies that nobody reads.
  const Fields& trailers() const;
  /// The most bytes that the body of this request may have, where that is less than
  /// `.max_request_body_size`, or bao::body_limit, allows. Call it before the body is asked for: a
  /// larger one is then answered with 413.
  void limit_body(std::uint64_t bytes);
  /// Has the body decoded if it was sent with `Content-Encoding: gzip` or `deflate`, without
  /// `.decode_request_bodies`. Call it before the body is asked for; std::logic_error otherwise.
  /// More than `limit` decoded bytes, which is no more than `.max_request_body_size`, are answered
  /// with 413. False if it has another coding: the client has been answered with 415, and what the
  /// handler returns is not sent.
  bool decode_body(std::uint64_t limit);
  /// True if the body has been taken, or its pieces were asked for.
  bool body_used() const;

  /// The client's address; none for unix sockets, `Server::fetch`, or when the connection is gone.
  std::optional<SocketAddress> address() const;
  /// How TLS protects the connection, and the client's certificate; none without TLS, for
  /// `Server::fetch`, or when the connection is gone. Costs some allocations.
  std::optional<TlsInfo> tls() const;

  /// Stops when the client goes away, the request is aborted or the server is stopped by force. A
  /// client that only closes its sending side looks the same on TCP, so a reply is still sent to it
  /// if the handler makes one. It stops no more once the handler has returned: a producer of
  /// streamed content has Writer::stop_token.
  std::stop_token stop_token() const;

 private:
  friend class detail::Call;
  explicit Request(detail::Call& call) : call_(call) {}
  detail::Call& call_;
};

}  // namespace bao
