#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <bao/fields.h>
#include <bao/file.h>
#include <bao/writer.h>

namespace bao {

/// How values become JSON text and back. Specialise it for the types of your JSON library;
/// `<bao/json.h>` does so for nlohmann::json.
///
///     static std::string dump(const T& value);
///     static T parse(std::string_view text);   // throws if the text is not JSON
template <typename T>
struct JsonAdapter;

namespace detail {
template <typename T>
concept HasJsonAdapter = requires(const T& value) { JsonAdapter<T>::dump(value); };
}  // namespace detail

/// A reply: status, fields, body. A plain value that may be built, copied and moved anywhere, on
/// any thread.
///
///     bao::Response("hi")
///     bao::Response("gone").status(410).set("Cache-Control", "no-store")
///     bao::Response::json(value)
///     bao::Response::redirect("/login")
///
/// Framing (Content-Length, Transfer-Encoding, Connection) and Date are the server's: it ignores
/// what a program sets there, but for `Connection: close`, which closes the connection behind this
/// reply, and for a Content-Length on a reply to HEAD or a 304 that has no body here: it says how
/// long the body would be.
class Response {
 public:
  /// 200 without a body.
  Response() = default;
  /// 200 with a text, `text/plain;charset=utf-8`.
  Response(std::string text) : body_(std::move(text)), type_(Type::text) {}
  Response(std::string_view text) : Response(std::string(text)) {}
  Response(const char* text) : Response(std::string(text)) {}
  /// 200 with a file, opened when the reply is sent, and with its type: with `ETag` and
  /// `Last-Modified`, 304 or 412 if the request's preconditions say so, 206 or 416 if it asks for a
  /// range. With another status the file is sent as it is. If it cannot be opened, or is no regular
  /// file, `.error` gets a std::system_error; on a route the request falls through to `fetch`.
  Response(File file) : file_(std::make_shared<const File>(std::move(file))) {}

  /// 200 with what is in the file now: it is read here and never again, for a prepared reply on a
  /// route whose bytes are always the same. With the type of the file and its `Last-Modified`; of a
  /// slice these bytes alone. Throws std::system_error if it cannot be read, or is no regular file.
  static Response buffered(const File& file);

  /// 200 with HTML, `text/html;charset=utf-8`.
  static Response html(std::string markup);
  /// 200 with bytes that have no type of their own: add `.set("Content-Type", …)`.
  static Response bytes(std::string content);
  static Response bytes(std::span<const std::byte> content);
  /// 200 with JSON, `application/json;charset=utf-8`. Needs an adapter for the value's type, see
  /// `<bao/json.h>`.
  template <typename T>
  static Response json(const T& value) {
    static_assert(
        detail::HasJsonAdapter<T>,
        "Response::json needs to know how to write this type: #include <bao/json.h> for "
        "nlohmann::json, or "
        "specialise bao::JsonAdapter. For JSON that is text already use Response::json_text");
    return json_text(JsonAdapter<T>::dump(value));
  }
  /// The same with JSON that is text already; it is not checked.
  static Response json_text(std::string text);
  /// 200 with content that `produce` writes piece by piece while it is sent:
  ///
  ///     bao::Response::stream([](bao::Writer& out) -> bao::Task<> {
  ///       for (int i = 0; i < 3; ++i) co_await out.write("tick\n");
  ///     })
  ///
  /// Chunked, or with Content-Length if `length` is given, which must then be met exactly. The
  /// producer runs after the handler has returned, so it must not refer to the request, and not at
  /// all where no content is sent: to HEAD, and with 204, 205 and 304. If it throws, or misses the
  /// length, the connection is reset so that the client cannot take the reply for whole, and the
  /// log is told. Not for prepared replies on routes.
  static Response stream(Producer produce, std::optional<std::uint64_t> length = std::nullopt);
  /// Sends the client to `location`, a URL or a path. `status` is 301, 302, 303, 307 or 308;
  /// anything else throws std::invalid_argument.
  static Response redirect(std::string_view location, int status = 302);
  /// A status without a body.
  static Response empty(int status);

  /// Sets the status, 200 to 599; anything else throws std::invalid_argument (1xx replies are the
  /// server's).
  Response& status(int status) &;
  Response&& status(int status) && { return std::move(this->status(status)); }
  int status() const { return status_; }

  /// Sets a field, replacing others of its name. See Fields for what names and values may hold.
  Response& set(std::string_view name, std::string_view value) & {
    fields_.set(name, value);
    return *this;
  }
  Response&& set(std::string_view name, std::string_view value) && {
    return std::move(this->set(name, value));
  }
  /// Adds a field beside others of its name, `Set-Cookie` say.
  Response& append(std::string_view name, std::string_view value) & {
    fields_.append(name, value);
    return *this;
  }
  Response&& append(std::string_view name, std::string_view value) && {
    return std::move(this->append(name, value));
  }

  Fields& fields() { return fields_; }
  const Fields& fields() const { return fields_; }

  /// Replaces the body; the type stays.
  Response& body(std::string content) & {
    body_ = std::move(content);
    file_ = nullptr;
    return *this;
  }
  Response&& body(std::string content) && { return std::move(this->body(std::move(content))); }
  const std::string& body() const& { return body_; }
  /// The same, to be changed in place.
  std::string& body() & { return body_; }
  /// Moves the body out.
  std::string take_body() { return std::move(body_); }

  /// The producer of a streamed reply; null for others.
  const Producer* producer() const { return stream_ ? &stream_->produce : nullptr; }
  /// The file of a reply with one; null for others. Lives until the next change of the body.
  const File* file() const { return file_.get(); }
  /// The declared length of a streamed reply.
  std::optional<std::uint64_t> stream_length() const {
    return stream_ ? stream_->length : std::nullopt;
  }

  /// The Content-Type that is sent unless `fields()` has one; empty for none.
  std::string_view default_content_type() const;

 private:
  enum class Type : unsigned char { none, text, html, json };

  struct Stream {
    Producer produce;
    std::optional<std::uint64_t> length;
  };

  std::string body_;
  Fields fields_;
  std::shared_ptr<const Stream> stream_;
  std::shared_ptr<const File> file_;
  int status_ = 200;
  Type type_ = Type::none;
};

}  // namespace bao
