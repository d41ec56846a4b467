#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <bao/fields.h>

namespace bao {

namespace detail {
class BodySource;
class Call;
}  // namespace detail

/// The body of a request, piece by piece as it arrives:
///
///     while (std::optional<std::string> piece = co_await req.body().next()) hash.update(*piece);
///
/// The client is read from only as fast as the pieces are taken, so a body of any size costs a
/// bounded amount of memory, some 200 KiB.
///
/// A handle: copies read the same body. It may be kept after the handler has returned, by the
/// producer of a streamed reply say. Once the last one is gone, and the handler has returned, what
/// is left of the body is thrown away. Only on the loop's thread.
class Body {
 public:
  /// What `co_await body.next()` waits on.
  class [[nodiscard("co_await it")]] Next {
   public:
    Next(const Next&) = delete;
    Next& operator=(const Next&) = delete;
    ~Next();
    bool await_ready() const;
    void await_suspend(std::coroutine_handle<> waiting);
    std::optional<std::string> await_resume();

   private:
    friend class Body;
    explicit Next(std::shared_ptr<detail::BodySource> source) : source_(std::move(source)) {}
    std::shared_ptr<detail::BodySource> source_;
    bool waits_ = false;
  };

  /// The next piece, not empty; none at the end of the body. Does not suspend if a piece is here.
  /// Throws BodyError if the rest never arrives, and once a reply without a stream is out; and
  /// std::logic_error if somebody else waits for the next piece already.
  Next next() const { return Next(source_); }

  /// The fields behind a chunked body, once `next` has come to its end; see Request::trailers.
  /// Good as long as this handle.
  const Fields& trailers() const;

 private:
  friend class detail::Call;
  explicit Body(std::shared_ptr<detail::BodySource> source) : source_(std::move(source)) {}
  std::shared_ptr<detail::BodySource> source_;
};

}  // namespace bao
