#pragma once

#include <optional>
#include <string>

#include <bao/fields.h>

#include "functions.h"
#include "http/reply.h"

namespace bao::node {

/// The arguments that begin a reply: behind the slot its status, its field lines and its type, of
/// which the last two may be nothing; if it says where, a reason phrase or nothing. Throws
/// WrongValue, and what `to_fields` throws.
class ReplyHead {
 public:
  explicit ReplyHead(const Call& call, std::optional<size_t> reason_at = std::nullopt);
  /// A reply with this head, which must outlive it.
  http::Reply reply() const {
    return {.status = status_, .fields = &fields_, .content_type = type_, .reason = reason_};
  }

 private:
  Fields fields_;
  std::string type_;
  std::string reason_;
  int status_;
};

}  // namespace bao::node
