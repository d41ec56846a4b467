#pragma once

#include <curl/curl.h>
#include <memory>
#include <unordered_set>
#include <vector>

#include "net/loop.h"

namespace bao::outbound {

class Transfer;

/// The requests that go out from one loop, and the connections that they share: libcurl's multi
/// interface on the loop's descriptors and timers. Only on the loop's thread.
class Client final : private net::Timer {
 public:
  explicit Client(net::Loop& loop);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// Transfers that are under way fail, without a word to their observers.
  ~Client() override;

  net::Loop& loop() const { return loop_; }

 private:
  friend class Transfer;
  class Watch;

  /// Begins a transfer, whose handle is set up; keeps the loop alive until it is removed. The
  /// object is known until it is forgotten.
  void add(Transfer& transfer);
  void remove(Transfer& transfer);
  /// The object ends: its observer is told no more.
  void forget(Transfer& transfer);
  /// The transfer's observer is told soon, outside of libcurl, which must not be entered twice.
  void tell_later(Transfer& transfer);
  /// As `Client::act` for a descriptor of libcurl's.
  void act(curl_socket_t socket, int events);

  void on_timer() override;
  void tell();
  void take_results();

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* client, void* watch);
  static int on_curl_timer(CURLM* multi, long milliseconds, void* client);

  net::Loop& loop_;
  CURLM* multi_;
  std::unordered_set<Transfer*> transfers_;
  std::vector<Transfer*> news_;
  // Outlived by nothing that is deferred to the loop.
  std::shared_ptr<Client*> alive_;
  bool telling_ = false;
};

}  // namespace bao::outbound
