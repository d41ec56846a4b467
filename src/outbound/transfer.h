#pragma once

#include <chrono>
#include <cstdint>
#include <curl/curl.h>
#include <optional>
#include <string>
#include <string_view>

#include <bao/fields.h>

#include "net/timer_queue.h"
#include "outbound/client.h"

namespace bao::outbound {

/// A request that goes out.
struct Order {
  std::string url;  ///< absolute, http or https
  std::string method = "GET";
  Fields fields{};
  std::string body{};
  bool has_body = false;
  bool streamed = false;                  ///< the body comes by Transfer::supply
  std::optional<uint64_t> body_length{};  ///< of a streamed one, if it is known
  std::string unix_path{};                ///< connect there, whatever the URL says
  std::chrono::milliseconds connect_timeout{10'000};
  /// How long nothing may come or go while the other server is waited for; zero: for ever.
  std::chrono::milliseconds timeout{30'000};
  uint32_t max_redirects = 0;  ///< of GET and HEAD; 0: the redirect is the reply
  uint32_t max_head_bytes = 64 * 1024;
};

/// Why no reply came, or not all of it.
enum class Failure : uint8_t {
  none,
  unresolved,  ///< the host has no address
  unreachable,
  insecure,   ///< TLS could not be agreed upon, or the certificate is not to be trusted
  timed_out,  ///< of connecting, or silence
  malformed,  ///< not HTTP, or a head beyond its limit
  cut,        ///< the connection ended before the reply did
  body,       ///< the request's own body did not arrive
  stopped,    ///< the loop has ended
};

/// Told of what became of a transfer; never from within a call of the transfer.
class TransferObserver {
 public:
  /// There is a head, or more content, or room for more of the body, or the end of it all. The
  /// observer may do anything here, and end.
  virtual void on_news() = 0;

 protected:
  ~TransferObserver() = default;
};

/// One request to another server and its reply. Ends with this object.
class Transfer final : private net::Timer {
 public:
  /// Begins it. Throws std::invalid_argument if the URL is none.
  Transfer(Client& client, Order order, TransferObserver& observer);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() override;

  // -- The reply

  /// True once the head is here.
  bool has_head() const { return has_head_; }
  int status() const { return status_; }
  const Fields& fields() const { return fields_; }
  /// What has come of the content; once 64 KiB wait there no more is read.
  const std::string& content() const { return content_; }
  std::string take_content();
  /// True once no more comes, because that was all or it failed.
  bool ended() const { return ended_; }
  Failure failure() const { return failure_; }
  /// What the library says of a failure.
  const std::string& reason() const { return reason_; }

  /// Ends it; the observer is told.
  void cancel() { fail(Failure::stopped, "it was cancelled"); }

  // -- The body of the request

  /// True while there is no room for more of it.
  bool body_full() const { return !upload_.empty(); }
  /// Gives a piece of it. Only if it is not full.
  void supply(std::string piece);
  void finish_body();
  /// The rest never comes: the transfer fails.
  void fail_body();

 private:
  friend class Client;

  void set_up();
  void set_up_body();
  void set_up_fields();
  void add_line(const std::string& line);
  void end(CURLcode result);
  void fail(Failure failure, std::string reason);
  void stop();
  void abandon();
  void tell() { observer_.on_news(); }
  void unpause();
  void note_activity();
  void on_timer() override;
  bool take_field(std::string_view line);
  void begin_head(std::string_view line);
  void end_head();
  bool will_redirect() const;

  static size_t on_header(char* data, size_t, size_t size, void* transfer);
  static size_t on_content(char* data, size_t, size_t size, void* transfer);
  static size_t on_read(char* room, size_t, size_t size, void* transfer);
  static int on_seek(void* transfer, curl_off_t offset, int origin);

  Client* client_;  // null once it is gone
  Order order_;
  TransferObserver& observer_;
  CURL* easy_;
  curl_slist* lines_ = nullptr;
  Fields fields_;
  std::string content_;
  std::string upload_;
  size_t uploaded_ = 0;  // of upload_
  net::TimePoint last_activity_;
  int status_ = 0;
  uint32_t head_bytes_ = 0;
  bool has_head_ = false;
  bool ended_ = false;
  bool content_paused_ = false;
  bool upload_paused_ = false;
  bool upload_ended_ = false;
  bool upload_failed_ = false;
  bool under_way_ = false;
  Failure failure_ = Failure::none;
  std::string reason_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace bao::outbound
