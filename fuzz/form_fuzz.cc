// Feeds arbitrary bytes to the parsers of forms, whole and cut, and checks that both ways come to
// the same, and that what they found can be written and read again. The first byte chooses the
// parser, the second where the input is cut.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/form_parser.h"
#include "http/percent.h"

namespace bao::http {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Part {
  std::string name;
  std::optional<std::string> filename;
  std::string content;
  bool operator==(const Part&) const = default;
};
struct Form {
  std::vector<Part> parts;
  int refused = 0;
  bool operator==(const Form&) const = default;
};

constexpr FormLimits kLimits{.max_parts = 8, .max_name_bytes = 16, .max_header_bytes = 256};

template <typename Parser>
Form read(Parser parser, std::string_view text, size_t step) {
  Form form;
  bool open = false;
  for (size_t at = 0;;) {
    std::string piece(text.substr(at, step));
    at += piece.size();
    const bool last = at == text.size();
    std::string_view input = piece;
    for (;;) {
      const size_t before = input.size();
      std::string_view content;
      const FormEvent event = parser.parse(input, last, content);
      require(input.size() <= before);
      if (event == FormEvent::more) {
        require(input.empty() && !last);
        break;
      }
      if (event == FormEvent::refused) {
        require(parser.refusal().status != 0 && !parser.refusal().reason.empty());
        form.refused = parser.refusal().status;
        return form;
      }
      if (event == FormEvent::done) {
        require(last && !open);
        return form;
      }
      if (event == FormEvent::part) {
        require(!open && is_valid_utf8(parser.head().name));
        require(form.parts.size() < kLimits.max_parts);
        form.parts.push_back({parser.head().name, parser.head().filename, ""});
        open = true;
      } else if (event == FormEvent::content) {
        require(open && !content.empty());
        form.parts.back().content += content;
      } else {
        require(open);
        open = false;
      }
    }
  }
}

template <typename Parser>
Form read_both_ways(const Parser& parser, std::string_view text, size_t step) {
  Form form = read(parser, text, text.size() + 1);
  require(read(parser, text, step) == form);
  return form;
}

void fuzz_multipart(std::string_view text, size_t step) {
  const Form form = read_both_ways(MultipartParser("X-", kLimits), text, step);
  if (form.refused != 0) return;
  for (const Part& part : form.parts) {
    require(("\r\n" + part.content).find("\r\n--X-") == std::string::npos ||
            part.content.starts_with("--X-"));
  }
}

void fuzz_url_encoded(std::string_view text, size_t step) {
  const Form form = read_both_ways(UrlEncodedParser(kLimits), text, step);
  if (form.refused != 0) return;
  std::string again;
  for (const Part& part : form.parts) {
    require(!part.filename);
    if (!again.empty()) again += '&';
    again += percent_encode(part.name, PercentEncodeSet::kQueryComponent) + "=" +
             percent_encode(part.content, PercentEncodeSet::kQueryComponent);
  }
  require(read(UrlEncodedParser(), again, again.size() + 1).parts == form.parts);
}

}  // namespace
}  // namespace bao::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t step = 1 + data[1] % 32;
  if (data[0] % 2 == 0) {
    bao::http::fuzz_multipart(text, step);
    // What is valid may be rare among random bytes; behind a head that is so it is content.
    bao::http::fuzz_multipart("--X-\r\nContent-Disposition: form-data; name=a\r\n\r\n" +
                                  std::string(text) + "\r\n--X---\r\n",
                              step);
  } else {
    bao::http::fuzz_url_encoded(text, step);
  }
  if (const auto boundary = bao::http::MultipartParser::boundary_of(text)) {
    if (boundary->empty() || boundary->size() > 70) std::abort();
  }
  return 0;
}
