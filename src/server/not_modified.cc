#include "server/not_modified.h"

#include "http/tokens.h"

namespace bao::server {

Fields not_modified_fields(const Fields& fields) {
  Fields kept;
  for (Fields::Field field : fields) {
    if (http::equals_ignoring_case(field.name, "content-type") ||
        http::equals_ignoring_case(field.name, "content-length") ||
        http::equals_ignoring_case(field.name, "content-encoding")) {
      continue;
    }
    kept.append(field.name, field.value);
  }
  return kept;
}

}  // namespace bao::server
