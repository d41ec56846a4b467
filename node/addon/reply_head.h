#pragma once

#include <string>

#include <bao/fields.h>

#include "functions.h"
#include "http/reply.h"

namespace bao::node {

/// The arguments that begin a reply: behind the slot its status, its field lines and its type, of
/// which the last two may be nothing. Throws WrongValue, and what `to_fields` throws.
class ReplyHead {
 public:
  explicit ReplyHead(const Call& call);
  /// A reply with this head, which must outlive it.
  http::Reply reply() const {
    return {.status = status_, .fields = &fields_, .content_type = type_};
  }

 private:
  Fields fields_;
  std::string type_;
  int status_;
};

}  // namespace bao::node
