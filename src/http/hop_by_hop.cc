#include "http/hop_by_hop.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "http/tokens.h"

namespace bao::http {

namespace {

// Trailer goes with them because trailer fields are not sent on.
constexpr std::array<std::string_view, 9> kHopByHop{"connection",
                                                    "keep-alive",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "proxy-connection",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade"};

}  // namespace

Fields end_to_end_fields(const Fields& fields) {
  const std::vector<std::string_view> connection = fields.get_all("Connection");
  const auto for_this_hop = [&](std::string_view name) {
    const auto is_name = [name](std::string_view one) { return equals_ignoring_case(name, one); };
    const auto names_it = [name](std::string_view list) { return list_contains_token(list, name); };
    return std::any_of(kHopByHop.begin(), kHopByHop.end(), is_name) ||
           std::any_of(connection.begin(), connection.end(), names_it);
  };
  Fields result;
  for (auto [name, value] : fields) {
    if (!for_this_hop(name)) result.append(name, value);
  }
  return result;
}

}  // namespace bao::http
