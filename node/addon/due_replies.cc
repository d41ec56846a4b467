#include "due_replies.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "http1/output_buffer.h"

namespace bao::node {

// Longer ones would be sent when they are written.
static_assert(DueReplies::kLongest <= http1::kJoined);

// All heads are written before the first reply is sent: between system calls the code that writes
// them is in the processor's caches, and the calls can be made together. Nothing here runs
// JavaScript before the last of them is made; behind it the next request on a connection may reach
// its handler.
void DueReplies::send(net::Loop& loop) {
  auto replies = std::exchange(replies_, {});
  auto text = std::exchange(text_, {});
  for (size_t done = 0; done < replies.size();) {
    const size_t count = std::min(replies.size() - done, net::CallBatch::kMost);
    std::array<http::Stream*, net::CallBatch::kMost> gathering{};
    for (size_t i = 0; i < count; ++i) {
      const Due& due = replies[done + i];
      http::Stream* const stream = due.exchange->stream();
      const bool gathers = stream != nullptr && stream->gather();
      due.exchange->reply({.status = due.status,
                           .content_type = due.type,
                           .body = std::string_view(text).substr(due.offset, due.size)});
      if (!gathers) continue;
      gathering[i] = stream;
      if (count > 1) stream->send_ahead();
    }
    loop.calls().make();
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
