#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <bao/fields.h>

#include "http/accept_encoding.h"
#include "http/exchange.h"
#include "server/settings.h"

namespace bao::server {

/// Puts content codings on the replies of a server that was asked to (RFC 9110 section 8.4): the
/// filter of all its exchanges. Replies that are prepared choose theirs by themselves.
///
/// Whatever could be sent with another coding says so by Vary, with a coding or without. What is
/// sent with one has a weak ETag, because its bytes are not those that the program has named, and
/// no Accept-Ranges; to GET and HEAD the If-None-Match of that ETag is heeded (section 13.1.2).
///
/// Content up to kWhole is encoded at once and sent with its length; larger content, and files, in
/// pieces with turns for others between them; streams are flushed at each piece.
class Compression final : public http::ReplyFilter {
 public:
  /// Content that is encoded at once, which takes some milliseconds.
  static constexpr uint64_t kWhole = 64 * 1024;

  /// `settings` have been checked.
  explicit Compression(const CompressionSettings& settings);

  /// What a reply would be sent with.
  struct Choice {
    bool negotiable = false;  ///< false: nothing is changed, whatever the request says
    http::Coding coding = http::Coding::identity;
  };
  /// Weighs content by the status, the fields and the type that it is sent with, and by its size
  /// if that is known.
  Choice choose(const http::RequestHead& head, int status, const Fields* fields,
                std::string_view content_type, std::optional<uint64_t> size) const;
  /// The first half of that: whether other codings are possible.
  bool negotiable(int status, const Fields* fields, std::string_view content_type,
                  std::optional<uint64_t> size) const;

  /// Changes the fields of a 304 into those that the 200 with that choice would have.
  static void describe(const Choice& choice, Fields& fields);

  /// In the server's order of preference.
  const std::vector<http::Coding>& codings() const { return codings_; }

  // http::ReplyFilter
  void send_reply(http::Exchange& exchange, http::Stream& stream,
                  const http::Reply& reply) override;
  bool send_content(http::Exchange& exchange, http::Stream& stream,
                    std::string_view piece) override;
  void end_content(http::Exchange& exchange, http::Stream& stream, const Fields* trailers) override;

 private:
  std::vector<http::Coding> codings_;
  uint64_t min_size_;
};

/// `"x"` as `W/"x"`: the entity tag of content that was changed on its way.
void weaken_etag(Fields& fields);

}  // namespace bao::server
