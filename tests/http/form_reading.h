#pragma once

#include <gtest/gtest.h>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "http/form_parser.h"
#include "http1/cuts.h"
#include "http1/guarded_page.h"

namespace bao::testing {

/// What a parser made of a form.
struct ReadPart {
  std::string name;
  std::optional<std::string> filename;
  std::string type;
  std::string content;
  bool operator==(const ReadPart&) const = default;
};
struct ReadForm {
  std::vector<ReadPart> parts;
  int refused = 0;
  std::string reason;
  bool operator==(const ReadForm&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const ReadForm& form) {
  for (const ReadPart& part : form.parts) {
    out << "[" << part.name << " | " << part.filename.value_or("-") << " | " << part.type << " | "
        << part.content << "] ";
  }
  return out << form.refused << " " << form.reason;
}

template <typename Parser>
ReadForm read_form_in_pieces(Parser parser, std::string_view text, const Cuts& cuts) {
  using http::FormEvent;
  GuardedPage page(text.size());
  ReadForm form;
  size_t start = 0;
  FormEvent event = FormEvent::more;
  bool open = false;
  const auto feed = [&](std::string_view input, bool last) {
    do {
      std::string_view content;
      event = parser.parse(input, last, content);
      EXPECT_FALSE(event == FormEvent::more && (last || !input.empty()));
      if (event == FormEvent::part) {
        EXPECT_FALSE(std::exchange(open, true));
        const http::FormPartHead& head = parser.head();
        form.parts.push_back({head.name, head.filename, head.type, ""});
      } else if (event == FormEvent::content) {
        EXPECT_TRUE(open && !content.empty());
        form.parts.back().content += content;
      } else if (event == FormEvent::end) {
        EXPECT_TRUE(std::exchange(open, false));
      }
    } while (event != FormEvent::more && event != FormEvent::done && event != FormEvent::refused);
  };
  for (size_t end : cuts) {
    feed(page.place(text.substr(start, end - start)), false);
    if (event == FormEvent::refused) break;
    start = end;
  }
  if (event != FormEvent::refused) feed({}, true);
  EXPECT_NE(event, FormEvent::more);
  EXPECT_FALSE(event == FormEvent::done && open);
  form.refused = parser.refusal().status;
  form.reason = parser.refusal().reason;
  // An end stays one.
  std::string_view content, nothing;
  EXPECT_EQ(parser.parse(nothing, true, content), event);
  return form;
}

/// Reads a form whole, byte by byte and split at random. All must come to the same.
template <typename Parser>
ReadForm read_form(const Parser& parser, std::string_view text) {
  const ReadForm expected = read_form_in_pieces(parser, text, whole(text.size()));
  for (const Cuts& cuts : all_ways(text.size())) {
    const ReadForm form = read_form_in_pieces(parser, text, cuts);
    EXPECT_EQ(form, expected) << "in " << cuts.size() << " pieces:\n"
                              << ::testing::PrintToString(std::string(text.substr(0, 300)));
  }
  return expected;
}

}  // namespace bao::testing
