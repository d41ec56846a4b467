#include "api/uncaught.h"

#include <cstdio>
#include <string>

#include "server/error_page.h"

namespace bao::detail {

void report_uncaught(std::string_view where, const std::exception_ptr& error) {
  std::string text = "bao: uncaught in ";
  text.append(where).append(":\n").append(
      server::render_error_text(server::describe_exception(error)));
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace bao::detail
