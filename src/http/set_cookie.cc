#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>

#include <bao/cookie.h>
#include <bao/fields.h>

#include "http/date.h"
#include "http/displayed_text.h"

// What a reply says of cookies; how those of a request are read is in cookie.cc.
namespace bao {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What Bun takes for a name. RFC 6265 section 4.1.1 asks for a token, but browsers take more, and
// programs have such cookies.
bool is_name_char(char c) {
  return c > 0x20 && c < 0x7F && c != ';' && c != '=';
}
bool is_path_char(char c) {
  return c >= 0x20 && c < 0x7F && c != ';';
}
bool is_domain_char(char c) {
  return is_letter_or_digit(c) || c == '.' || c == '-';
}
// What encodeURIComponent leaves as it is, and so does Bun.
bool is_plain(char c) {
  return is_letter_or_digit(c) || std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
}

void append_encoded(std::string& text, std::string_view value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : value) {
    if (is_plain(c)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
}

std::string_view same_site_name(Cookie::SameSite same_site) {
  switch (same_site) {
    case Cookie::SameSite::strict: return "Strict";
    case Cookie::SameSite::lax: return "Lax";
    case Cookie::SameSite::none: return "None";
  }
  return "Lax";
}

}  // namespace

Cookie::Cookie(std::string name, std::string value)
    : name_(std::move(name)), value_(std::move(value)) {
  if (name_.empty() || !std::all_of(name_.begin(), name_.end(), is_name_char)) {
    throw std::invalid_argument("A cookie has the name " + http::quote(name_) +
                                ": give visible ASCII characters but ; and =");
  }
}

Cookie& Cookie::domain(std::string domain) & {
  if (!std::all_of(domain.begin(), domain.end(), is_domain_char)) {
    throw std::invalid_argument("Cookie \"" + name_ + "\" has the domain " + http::quote(domain) +
                                ": give a host of letters, digits, \".\" and \"-\"");
  }
  domain_ = std::move(domain);
  return *this;
}

Cookie& Cookie::path(std::string path) & {
  const bool begins = path.empty() || path.starts_with('/');
  if (!begins || !std::all_of(path.begin(), path.end(), is_path_char)) {
    throw std::invalid_argument("Cookie \"" + name_ + "\" has the path " + http::quote(path) +
                                ": give one that begins with / and has ASCII characters but ;");
  }
  path_ = std::move(path);
  return *this;
}

// The attributes stand in Bun's order.
std::string Cookie::to_string() const {
  std::string text = name_ + "=";
  append_encoded(text, value_);
  if (!domain_.empty()) text.append("; Domain=").append(domain_);
  if (!path_.empty()) text.append("; Path=").append(path_);
  if (expires_) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(expires_->time_since_epoch());
    text.append("; Expires=").append(http::format_date(static_cast<std::time_t>(seconds.count())));
  }
  if (max_age_) text.append("; Max-Age=").append(std::to_string(max_age_->count()));
  if (secure_) text += "; Secure";
  if (http_only_) text += "; HttpOnly";
  if (partitioned_) text += "; Partitioned";
  text.append("; SameSite=").append(same_site_name(same_site_));
  return text;
}

std::optional<std::string> Cookies::get(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  return entry->second;
}

const Cookies::Entry* Cookies::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.first == name) return &entry;
  }
  return nullptr;
}

void Cookies::set(Cookie cookie) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.first == cookie.name(); });
  entries_.emplace_back(cookie.name(), cookie.value());
  change(std::move(cookie));
}

void Cookies::erase(std::string_view name, std::string path, std::string domain) {
  Cookie gone(std::string(name), "");
  gone.path(std::move(path)).domain(std::move(domain)).expires({});
  std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; });
  change(std::move(gone));
}

// The last word about a name is the one that is told (RFC 6265 section 4.1.1: a name should not be
// set twice by one reply).
void Cookies::change(Cookie cookie) {
  std::erase_if(changes_, [&](const Cookie& earlier) { return earlier.name() == cookie.name(); });
  changes_.push_back(std::move(cookie));
  fields_ = std::make_unique<Fields>();
  for (const Cookie& one : changes_) fields_->append("Set-Cookie", one.to_string());
}

}  // namespace bao
