#include "server/vary.h"

#include <string>

#include "http/tokens.h"

namespace bao::server {

void vary_by_encoding(Fields& fields) {
  std::string names;
  for (const std::string_view value : fields.get_all("Vary")) {
    if (http::list_contains_token(value, "Accept-Encoding") ||
        http::list_contains_token(value, "*")) {
      return;
    }
    if (!value.empty()) names.append(value).append(", ");
  }
  fields.set("Vary", names + "Accept-Encoding");
}

}  // namespace bao::server
