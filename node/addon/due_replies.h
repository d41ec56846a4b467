#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/reference.h"
#include "net/loop.h"
#include "server/exchange.h"

namespace bao::node {

/// Replies that JavaScript has made and that have not been sent yet.
///
/// Each sending is a system call, after which neither the engine's code nor JavaScript's is in the
/// processor's caches any more. So the replies of the handlers that one wake-up runs are gathered
/// and sent together, as far as they are a batch of the loop's calls.
class DueReplies {
 public:
  /// The longest text that is worth a copy, in bytes.
  static constexpr size_t kLongest = 8192;

  bool empty() const { return replies_.empty(); }
  /// No more should be added before these are sent.
  bool full() const { return text_.size() >= kMostText; }

  /// `type` must live as long as the program; `text` is copied.
  void add(http::Reference<server::Exchange> exchange, int status, std::string_view type,
           std::string_view text) {
    replies_.emplace_back(std::move(exchange), type, text_.size(), text.size(), status);
    text_ += text;
  }

  /// Sends them in the order in which they were added. What that leads to may add more, which wait
  /// for the next call.
  void send(net::Loop& loop);

  /// Forgets them.
  void clear() {
    replies_.clear();
    text_.clear();
  }

 private:
  static constexpr size_t kMostText = size_t{128} * 1024;

  struct Due {
    http::Reference<server::Exchange> exchange;
    std::string_view type;
    size_t offset;
    size_t size;
    int status;
  };

  std::vector<Due> replies_;
  std::string text_;
};

}  // namespace bao::node
