#include "fields.h"

#include "values.h"

namespace bao::node {

Fields to_fields(napi_env env, napi_value value) {
  const std::string text = to_latin1(env, value);
  std::string_view lines = text;
  Fields fields;
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const size_t colon = lines.find(':');
    if (end == std::string_view::npos || colon > end) throw WrongValue("a field line is malformed");
    fields.append(lines.substr(0, colon), lines.substr(colon + 1, end - colon - 1));
    lines.remove_prefix(end + 2);
  }
  return fields;
}

}  // namespace bao::node
