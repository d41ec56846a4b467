#include "server/error_page.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "http/displayed_text.h"
#include "server/error_page_assets.h"
#include "trace/exception.h"
#include "trace/stack_trace.h"
#include "trace/throw_hook.h"

namespace bao::server {
namespace {

using http::displayed_field_value;
using http::DisplayedValue;
using http::escape_html;
using http::escape_terminal;

constexpr std::size_t kMaxExcerpts = 12;
constexpr std::size_t kLongMessage = 160;

using Frames = std::span<const ErrorPageFrame>;

/// An HTML page that grows. Foreign text comes in through `text` only, which escapes it.
class Page {
 public:
  Page& markup(std::string_view html) {
    html_ += html;
    return *this;
  }
  Page& text(std::string_view text) {
    html_ += escape_html(text);
    return *this;
  }
  std::string take() { return std::move(html_); }

 private:
  std::string html_;
};

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

/// The message, or "" if it only repeats the type, as for exceptions that have nothing to say.
std::string_view message_of(const std::string& type, const std::string& message) {
  return message == type ? std::string_view() : std::string_view(message);
}

std::string position_of(const ErrorPageFrame& frame) {
  if (frame.line <= 0) return "";
  std::string position = ":" + std::to_string(frame.line);
  if (frame.column > 0) position += ":" + std::to_string(frame.column);
  return position;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

void open_page(Page& page, std::string_view title) {
  page.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
      .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
      .markup("<meta name=\"robots\" content=\"noindex\">\n<link rel=\"icon\" href=\"data:,\">\n")
      .markup("<title>")
      .text(title)
      .markup("</title>\n<style>")
      .markup(kErrorPageStyle)
      .markup("</style>\n</head>\n<body>\n<main>\n");
}

void close_page(Page& page) {
  page.markup("<footer>This page is shown in development only. In production a client gets an ")
      .markup("answer without details.</footer>\n</main>\n</body>\n</html>\n");
}

void render_place(Page& page, const ErrorPageFrame& frame) {
  if (frame.file.empty()) return;
  const std::size_t name = frame.file.rfind('/') + 1;  // npos + 1 is 0
  page.markup("<span class=\"place\">")
      .text(std::string_view(frame.file).substr(0, name))
      .markup("<b>")
      .text(std::string_view(frame.file).substr(name))
      .markup(position_of(frame))
      .markup("</b></span>");
}

void render_name_and_place(Page& page, const ErrorPageFrame& frame) {
  page.markup("<span class=\"function\">")
      .text(frame.function.empty() ? "(unknown function)" : frame.function)
      .markup("</span>");
  render_place(page, frame);
}

void render_source(Page& page, const trace::SourceExcerpt& source) {
  page.markup("<pre class=\"source\" tabindex=\"0\" aria-label=\"Source\"><code>");
  int number = source.first_line;
  for (const std::string& line : source.lines) {
    const bool hot = number == source.highlighted;
    page.markup(hot ? "<span class=\"row hot\" aria-current=\"true\"><i>"
                    : "<span class=\"row\"><i>")
        .markup(std::to_string(number++))
        .markup("</i>")
        .text(line)
        .markup("</span>");
  }
  page.markup("</code></pre>");
}

void render_user_frame(Page& page, const ErrorPageFrame& frame, bool open) {
  if (!frame.source) {
    page.markup("<li class=\"frame\"><div class=\"head\">");
    render_name_and_place(page, frame);
    page.markup("</div></li>\n");
    return;
  }
  page.markup(open ? "<li class=\"frame\"><details open>" : "<li class=\"frame\"><details>")
      .markup("<summary class=\"head\">");
  render_name_and_place(page, frame);
  page.markup("</summary>");
  render_source(page, *frame.source);
  page.markup("</details></li>\n");
}

void render_folded(Page& page, Frames frames, std::string_view summary, bool open) {
  page.markup(open ? "<li class=\"folded\"><details open>" : "<li class=\"folded\"><details>")
      .markup("<summary>")
      .markup(summary)
      .markup("</summary><ol>\n");
  for (const ErrorPageFrame& frame : frames) {
    page.markup("<li>");
    render_name_and_place(page, frame);
    page.markup("</li>\n");
  }
  page.markup("</ol></details></li>\n");
}

/// The frames at the front of `frames` that are not the program's own.
Frames leading_foreign(Frames frames) {
  const auto own = std::find_if(frames.begin(), frames.end(),
                                [](const ErrorPageFrame& frame) { return frame.user_code; });
  return frames.first(static_cast<std::size_t>(own - frames.begin()));
}

void render_stack(Page& page, Frames frames) {
  const bool only_foreign = leading_foreign(frames).size() == frames.size();
  bool first = true;
  page.markup("<ol>\n");
  while (!frames.empty()) {
    const Frames foreign = leading_foreign(frames);
    if (foreign.empty()) {
      render_user_frame(page, frames.front(), std::exchange(first, false));
      frames = frames.subspan(1);
    } else {
      render_folded(page, foreign, count_of(foreign.size(), "library frame"), only_foreign);
      frames = frames.subspan(foreign.size());
    }
  }
  page.markup("</ol>\n");
}

void render_stack_section(Page& page, Frames frames) {
  page.markup("<section>\n<h2>Stack</h2>\n");
  const bool no_files = std::all_of(frames.begin(), frames.end(),
                                    [](const auto& frame) { return frame.file.empty(); });
  if (frames.empty()) {
    page.markup("<p class=\"quiet\">None was recorded, for example because the error came from ")
        .markup("another thread or was made without being thrown.</p>\n");
  } else if (no_files) {
    page.markup("<p class=\"quiet\">Without debug information there are no files and lines; ")
        .markup("compile with <code>-g</code> to see them.</p>\n");
  }
  if (!frames.empty()) render_stack(page, frames);
  page.markup("</section>\n");
}

/// A cause shows where it was thrown; the rest of its stack is mostly that of the error itself.
void render_cause(Page& page, const ErrorPageCause& cause) {
  page.markup("<div class=\"cause\"><p class=\"type\">")
      .text(cause.type)
      .markup("</p>\n<p class=\"message\">")
      .text(message_of(cause.type, cause.message))
      .markup("</p>\n<ol>\n");
  Frames rest = cause.frames;
  const Frames foreign = leading_foreign(rest);
  if (foreign.size() < rest.size()) {
    render_user_frame(page, rest[foreign.size()], true);
  }
  if (!rest.empty())
    render_folded(page, rest, "Whole stack, " + count_of(rest.size(), "frame"), false);
  page.markup("</ol></div>\n");
}

void render_causes(Page& page, const std::vector<ErrorPageCause>& causes) {
  if (causes.empty()) return;
  page.markup("<section>\n<h2>Caused by</h2>\n");
  for (const ErrorPageCause& cause : causes) render_cause(page, cause);
  page.markup("</section>\n");
}

void render_fields(Page& page, const ErrorPageContent& content) {
  if (content.request_fields.empty()) return;
  page.markup("<section>\n<h2>Request</h2>\n<dl class=\"fields\">\n");
  for (const auto& [name, value] : content.request_fields) {
    const DisplayedValue shown = displayed_field_value(name, value);
    page.markup("<div><dt>")
        .text(name)
        .markup(shown.masked ? "</dt><dd class=\"masked\">" : "</dt><dd>")
        .text(shown.text)
        .markup("</dd></div>\n");
  }
  page.markup("</dl>\n</section>\n");
}

void render_request_line(Page& page, std::string_view request_line) {
  if (request_line.empty()) return;
  page.markup("<p class=\"request\"><code>").text(request_line).markup("</code></p>\n");
}

void render_error_header(Page& page, const ErrorPageContent& content) {
  const std::string_view message = message_of(content.type, content.message);
  const std::string_view headline = message.empty() ? content.type : message;
  const bool is_long = headline.size() > kLongMessage || headline.find('\n') != headline.npos;
  page.markup("<header>\n<div class=\"top\">")
      .markup(kErrorPageMark)
      .markup("<span>500 Internal Server Error</span>")
      .markup("<button id=\"copy\" type=\"button\" hidden>Copy as text</button></div>\n");
  if (!message.empty()) page.markup("<p class=\"type\">").text(content.type).markup("</p>\n");
  page.markup(is_long ? "<h1 class=\"long\">" : "<h1>").text(headline).markup("</h1>\n");
  render_request_line(page, content.request_line);
  page.markup("</header>\n");
}

/// Appends `text`, each line of it after `indent`.
void append_indented(std::string& out, std::string_view text, std::string_view indent) {
  while (true) {
    const std::string_view line = first_line(text);
    out += escape_terminal(line);
    out += '\n';
    if (line.size() == text.size()) return;
    text.remove_prefix(line.size() + 1);
    out += indent;
  }
}

void append_type_and_message(std::string& out, const std::string& type,
                             const std::string& message) {
  const std::string_view shown = message_of(type, message);
  out += escape_terminal(type);
  if (!shown.empty()) out += ": ";
  append_indented(out, shown, "    ");
}

void append_source(std::string& out, const trace::SourceExcerpt& source) {
  const int last_line = source.first_line + static_cast<int>(source.lines.size()) - 1;
  const std::size_t width = std::to_string(last_line).size();
  int number = source.first_line;
  for (const std::string& line : source.lines) {
    const std::string digits = std::to_string(number);
    out += number++ == source.highlighted ? "    > " : "      ";
    out.append(width - std::min(width, digits.size()), ' ');
    out += digits + " | ";
    std::string expanded;
    for (char c : line) expanded += c == '\t' ? std::string("    ") : std::string(1, c);
    out += escape_terminal(expanded) + "\n";
  }
}

/// The excerpt is shown for the first frame of the program's own code only.
void append_stack(std::string& out, Frames frames) {
  bool first = true;
  for (const ErrorPageFrame& frame : frames) {
    out += frame.user_code ? "  > " : "    ";
    out += frame.function.empty() ? "(unknown function)" : escape_terminal(frame.function);
    if (!frame.file.empty()) out += " (" + escape_terminal(frame.file) + position_of(frame) + ")";
    out += '\n';
    if (!frame.user_code || !std::exchange(first, false) || !frame.source) continue;
    append_source(out, *frame.source);
  }
}

std::vector<ErrorPageFrame> describe_stack(const std::exception_ptr& error) {
  std::vector<ErrorPageFrame> described;
  const auto stack = trace::thrown_at(error);
  if (!stack) return described;
  std::size_t excerpts = 0;
  for (trace::Frame& frame : stack->symbolize()) {
    ErrorPageFrame& next = described.emplace_back();
    next.user_code = trace::is_user_code(frame);
    if (next.user_code && excerpts < kMaxExcerpts) {
      next.source = trace::read_source_excerpt(frame.file, frame.line);
      if (next.source) ++excerpts;
    }
    next.function = std::move(frame.function);
    next.file = std::move(frame.file);
    next.line = frame.line;
  }
  return described;
}

}  // namespace

ErrorPageContent describe_exception(const std::exception_ptr& error) {
  ErrorPageContent content{.type = trace::type_name(error),
                           .message = trace::describe(error),
                           .frames = describe_stack(error)};
  for (const std::exception_ptr& cause : trace::causes(error)) {
    content.causes.push_back(
        {trace::type_name(cause), trace::describe(cause), describe_stack(cause)});
  }
  return content;
}

std::string render_error_page(const ErrorPageContent& content) {
  Page page;
  const std::string_view message = message_of(content.type, content.message);
  std::string title = content.type;
  if (!message.empty()) title += ": " + std::string(first_line(message));
  open_page(page, title);
  render_error_header(page, content);
  render_stack_section(page, content.frames);
  render_causes(page, content.causes);
  render_fields(page, content);
  page.markup("<textarea id=\"text\" aria-hidden=\"true\" tabindex=\"-1\" readonly hidden>")
      .text(render_error_text(content))
      .markup("</textarea>\n<script>")
      .markup(kErrorPageScript)
      .markup("</script>\n");
  close_page(page);
  return page.take();
}

std::string render_error_text(const ErrorPageContent& content) {
  std::string out;
  append_type_and_message(out, content.type, content.message);
  append_stack(out, content.frames);
  for (const ErrorPageCause& cause : content.causes) {
    out += "Caused by: ";
    append_type_and_message(out, cause.type, cause.message);
    append_stack(out, cause.frames);
  }
  if (!content.request_line.empty()) {
    out += "Request: " + escape_terminal(content.request_line) + "\n";
  }
  for (const auto& [name, value] : content.request_fields) {
    const std::string shown = displayed_field_value(name, value).text;
    out += "    " + escape_terminal(name) + ": " + escape_terminal(shown) + "\n";
  }
  return out;
}

std::string render_no_response_page(std::string_view request_line) {
  Page page;
  open_page(page, "The handler returned no response");
  page.markup("<header>\n<div class=\"top\">")
      .markup(kErrorPageMark)
      .markup("<span>Development</span></div>\n")
      .markup("<h1>The handler returned no response.</h1>\n");
  render_request_line(page, request_line);
  page.markup("</header>\n<section>\n<p class=\"prose\">It ran to its end and nothing failed, but ")
      .markup(
          "what it returned was empty, so there is nothing to send. Usually that means:</p>\n<ul>")
      .markup("<li>a path through the handler ends without returning a response, or</li>\n")
      .markup("<li>a branch is missing for this method or this path.</li>\n</ul>\n</section>\n");
  close_page(page);
  return page.take();
}

}  // namespace bao::server
