#include "due_replies.h"

#include <utility>

namespace bao::node {

void DueReplies::send() {
  auto replies = std::exchange(replies_, {});
  auto text = std::exchange(text_, {});
  for (const Due& due : replies) {
    due.exchange->reply({.status = due.status,
                         .content_type = due.type,
                         .body = std::string_view(text).substr(due.offset, due.size)});
  }
  if (!replies_.empty()) return;
  // The memory serves again.
  replies.clear();
  text.clear();
  replies_ = std::move(replies);
  text_ = std::move(text);
}

}  // namespace bao::node
