#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <utility>

#include <bao/form.h>
#include <bao/request.h>

#include "api/call.h"
#include "api/form_source.h"
#include "http/displayed_text.h"
#include "http/parameters.h"
#include "http/percent.h"
#include "http/tokens.h"
#include "net/read_at.h"
#include "net/unlinked_file.h"

namespace bao {

namespace detail {

using http::FormEvent;

FormSource::FormSource(std::string_view content_type, Body body, FormLimits limits)
    : limits_(std::move(limits)), parser_(make_parser(content_type)), body_(std::move(body)) {}

FormSource::Parser FormSource::make_parser(std::string_view content_type) const {
  const http::FormLimits limits{limits_.max_parts_, limits_.max_name_size_,
                                limits_.max_header_size_};
  const std::string_view type = http::Parameters(content_type).first();
  if (http::equals_ignoring_case(type, "application/x-www-form-urlencoded")) {
    return http::UrlEncodedParser(limits);
  }
  if (!http::equals_ignoring_case(type, "multipart/form-data")) {
    throw FormError(415,
                    "A form has the type multipart/form-data or "
                    "application/x-www-form-urlencoded, and this body has " +
                        (type.empty() ? "none" : http::quote(type)));
  }
  const auto boundary = http::MultipartParser::boundary_of(content_type);
  if (!boundary) throw FormError(400, "The Content-Type of the form has no boundary that is one");
  return http::MultipartParser(*boundary, limits);
}

Task<FormEvent> FormSource::next(std::shared_ptr<FormSource> source) {
  for (;;) {
    const FormEvent event = source->parse();
    if (event != FormEvent::more) co_return event;
    std::optional<std::string> piece = co_await source->body_.next();
    source->last_ = !piece.has_value();
    source->piece_ = std::move(piece).value_or("");
    source->input_ = source->piece_;
  }
}

FormEvent FormSource::parse() {
  const auto step = [this](auto& parser) {
    const FormEvent event = parser.parse(input_, last_, content_);
    if (event == FormEvent::refused) {
      const http::FormRefusal& refusal = parser.refusal();
      throw FormError(refusal.status, std::string(refusal.reason));
    }
    return event;
  };
  const FormEvent event = std::visit(step, parser_);
  in_part = event == FormEvent::part || event == FormEvent::content;
  return event;
}

FormPart FormSource::take_part() {
  http::FormPartHead head =
      std::visit([](auto& parser) { return std::move(parser.head()); }, parser_);
  return {std::move(head.name), std::move(head.filename), std::move(head.type),
          std::move(head.fields)};
}

std::shared_ptr<FormFile> FormSource::make_file() const {
  return std::make_shared<FormFile>(net::make_unlinked_file(limits_.temporary_folder_));
}

}  // namespace detail

using detail::FormSource;
using http::FormEvent;

// ---- Part by part

Task<std::optional<FormPart>> FormReader::next_part() {
  std::shared_ptr<FormSource> source = source_;
  for (;;) {
    const FormEvent event = co_await FormSource::next(source);
    if (event == FormEvent::part) co_return source->take_part();
    if (event == FormEvent::done) co_return std::nullopt;
  }
}

Task<std::optional<std::string>> FormReader::next_piece() {
  std::shared_ptr<FormSource> source = source_;
  if (!source->in_part) co_return std::nullopt;
  const FormEvent event = co_await FormSource::next(source);
  if (event != FormEvent::content) co_return std::nullopt;
  co_return std::string(source->content());
}

// ---- As a whole

Task<Form> Form::collect(std::shared_ptr<FormSource> source) {
  Form form;
  for (;;) {
    const FormEvent event = co_await FormSource::next(source);
    if (event == FormEvent::done) co_return form;
    if (event == FormEvent::part) form.entries_.push_back(FormEntry(source->take_part()));
    if (event == FormEvent::content) form.append(*source, source->content());
  }
}

void Form::append(FormSource& source, std::string_view content) {
  FormEntry& entry = entries_.back();
  if (entry.in_memory() && in_memory_ + content.size() > source.max_in_memory()) {
    move_to_file(source, entry);
  }
  entry.size_ += content.size();
  if (entry.in_memory()) {
    entry.content_ += content;
    in_memory_ += content.size();
  } else {
    net::write_at(file_->get(), content, file_->size);
    file_->size += content.size();
  }
}

void Form::move_to_file(FormSource& source, FormEntry& entry) {
  if (file_ == nullptr) file_ = source.make_file();
  entry.offset_ = file_->size;
  net::write_at(file_->get(), entry.content_, file_->size);
  file_->size += entry.content_.size();
  in_memory_ -= entry.content_.size();
  std::string().swap(entry.content_);
  entry.file_ = file_;
}

std::optional<std::string> Form::get(std::string_view name) const {
  for (const FormEntry& entry : entries_) {
    if (!entry.is_file() && entry.name() == name) return http::to_valid_utf8(entry.content());
  }
  return std::nullopt;
}

std::vector<std::string> Form::get_all(std::string_view name) const {
  std::vector<std::string> texts;
  for (const FormEntry& entry : entries_) {
    if (entry.is_file() || entry.name() != name) continue;
    texts.push_back(http::to_valid_utf8(entry.content()));
  }
  return texts;
}

const FormEntry* Form::file(std::string_view name) const {
  for (const FormEntry& entry : entries_) {
    if (entry.is_file() && entry.name() == name) return &entry;
  }
  return nullptr;
}

// ---- Entries

std::string FormEntry::content() const {
  if (in_memory()) return content_;
  std::string content(static_cast<size_t>(size_), '\0');
  content.resize(read(0, content));
  return content;
}

size_t FormEntry::read(std::uint64_t offset, std::span<char> room) const {
  if (offset >= size_) return 0;
  room = room.first(static_cast<size_t>(std::min<std::uint64_t>(room.size(), size_ - offset)));
  if (in_memory()) return content_.copy(room.data(), room.size(), static_cast<size_t>(offset));
  size_t done = 0;
  while (done < room.size()) {
    const ssize_t count = net::read_at(file_->get(), room.subspan(done), offset_ + offset + done);
    if (count < 0) {
      throw std::system_error(errno, std::generic_category(), "A form's file cannot be read");
    }
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

void FormEntry::save(const std::string& path) const {
  const net::FileDescriptor to(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (to.get() < 0) {
    throw std::system_error(errno, std::generic_category(),
                            "The file \"" + path + "\" cannot be written");
  }
  if (in_memory()) return net::write_at(to.get(), content_, 0);
  std::string buffer(64 * 1024, '\0');
  for (std::uint64_t at = 0; at < size_;) {
    const size_t count = read(at, buffer);
    if (count == 0) break;
    net::write_at(to.get(), std::string_view(buffer).substr(0, count), at);
    at += count;
  }
}

// ---- Requests

FormReader Request::form_parts(FormLimits limits) {
  return FormReader(std::make_shared<FormSource>(field("content-type").value_or(""), call_.body(),
                                                 std::move(limits)));
}

Task<Form> Request::form(FormLimits limits) {
  return Form::collect(form_parts(std::move(limits)).source_);
}

}  // namespace bao
