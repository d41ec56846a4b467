#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace bao {

/// A wrong option of `serve` or `reload`. what() is a sentence that names the option, the value and
/// the mend.
class OptionError : public std::invalid_argument {
 public:
  OptionError(std::string_view option, const std::string& sentence)
      : std::invalid_argument(sentence), option_(option) {}
  /// The option's name as it is written in a program: ".port", ".idle_timeout"; a route's is its
  /// pattern. A wrong port from elsewhere: "--port", "BUN_PORT", "PORT" or "NODE_PORT".
  const std::string& option() const noexcept { return option_; }

 private:
  std::string option_;
};

/// The server cannot listen where it was told to. what() is a sentence that names the place, the
/// reason and the mend.
class ListenError : public std::runtime_error {
 public:
  ListenError(std::string_view code, const std::string& sentence)
      : std::runtime_error(sentence), code_(code) {}
  /// The system's name for the error: "EADDRINUSE", "EACCES", "ENOTFOUND" …
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

/// The body of a request did not arrive. A handler that lets it pass needs no mend: the client has
/// its answer already, or is gone.
class BodyError : public std::runtime_error {
 public:
  enum class Reason {
    client_gone,  ///< the connection ended before the body did
    timed_out,    ///< nothing came for the idle timeout; the client was sent 408
    too_large,    ///< more than `max_request_body_size` came; the client was sent 413
    malformed,    ///< the chunked coding was violated; the client was sent 400
    aborted,      ///< the program aborted the request or stopped the server
  };
  BodyError(Reason reason, const std::string& sentence)
      : std::runtime_error(sentence), reason_(reason) {}
  Reason reason() const noexcept { return reason_; }

 private:
  Reason reason_;
};

/// `get()` was called on a body that has not arrived yet.
class BodyNotReady : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace bao
