#include "due_replies.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace bao::node {

// All heads are written before the first reply is sent: between system calls the code that writes
// them is in the processor's caches. Nothing here runs JavaScript before the sending begins, which
// may let the next request on a connection reach its handler.
void DueReplies::send() {
  auto replies = std::exchange(replies_, {});
  auto text = std::exchange(text_, {});
  for (size_t done = 0; done < replies.size();) {
    const size_t count = std::min(replies.size() - done, kMostGathered);
    std::array<http::Stream*, kMostGathered> gathering{};
    for (size_t i = 0; i < count; ++i) {
      const Due& due = replies[done + i];
      http::Stream* const stream = due.exchange->stream();
      if (stream != nullptr && stream->gather()) gathering[i] = stream;
      due.exchange->reply({.status = due.status,
                           .content_type = due.type,
                           .body = std::string_view(text).substr(due.offset, due.size)});
    }
    for (http::Stream* const stream : std::span(gathering).first(count)) {
      if (stream != nullptr) stream->send_gathered();
    }
    done += count;
  }
  if (!replies_.empty()) return;
  // The memory serves again.
  replies.clear();
  text.clear();
  replies_ = std::move(replies);
  text_ = std::move(text);
}

}  // namespace bao::node
