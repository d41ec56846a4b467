#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bao {

class Fields;

/// A cookie as a reply gives it to a client (RFC 6265 section 4.1). A plain value.
///
///     bao::Cookie("session", id).max_age(24h).http_only().secure()
///
/// Without a word about them it is for every path (`Path=/`), goes along with links from elsewhere
/// but not with what other sites load or send (`SameSite=Lax`), and ends with the client's session.
class Cookie {
 public:
  enum class SameSite : unsigned char { strict, lax, none };

  /// `name` is one or more visible ASCII characters but `;` and `=`; anything else throws
  /// std::invalid_argument. `value` may be any text: it is sent percent-encoded.
  Cookie(std::string name, std::string value);

  /// The host that it is for, with the hosts below it: letters, digits, `.` and `-`; anything else
  /// throws std::invalid_argument. Empty: only the host that sets it.
  Cookie& domain(std::string domain) &;
  Cookie&& domain(std::string domain) && { return std::move(this->domain(std::move(domain))); }
  /// Where the paths begin that it is for. Begins with `/`, visible ASCII characters and spaces but
  /// no `;`; anything else throws std::invalid_argument. Empty: the client takes the folder of the
  /// request.
  Cookie& path(std::string path) &;
  Cookie&& path(std::string path) && { return std::move(this->path(std::move(path))); }
  /// When it ends, to the second. `max_age` wins where both are set.
  Cookie& expires(std::chrono::system_clock::time_point when) & {
    expires_ = when;
    return *this;
  }
  Cookie&& expires(std::chrono::system_clock::time_point when) && {
    return std::move(this->expires(when));
  }
  /// How long it lasts; nothing or less ends it at once.
  Cookie& max_age(std::chrono::seconds age) & {
    max_age_ = age;
    return *this;
  }
  Cookie&& max_age(std::chrono::seconds age) && { return std::move(this->max_age(age)); }
  /// Sent over TLS only.
  Cookie& secure(bool on = true) & {
    secure_ = on;
    return *this;
  }
  Cookie&& secure(bool on = true) && { return std::move(this->secure(on)); }
  /// Kept from the page's scripts.
  Cookie& http_only(bool on = true) & {
    http_only_ = on;
    return *this;
  }
  Cookie&& http_only(bool on = true) && { return std::move(this->http_only(on)); }
  /// Which requests of other sites it goes along with; clients want `none` to be `secure`, too.
  Cookie& same_site(SameSite same_site) & {
    same_site_ = same_site;
    return *this;
  }
  Cookie&& same_site(SameSite same_site) && { return std::move(this->same_site(same_site)); }
  /// One for each site in which it is embedded (CHIPS); clients want it to be `secure`, too.
  Cookie& partitioned(bool on = true) & {
    partitioned_ = on;
    return *this;
  }
  Cookie&& partitioned(bool on = true) && { return std::move(this->partitioned(on)); }

  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }

  /// The value of its Set-Cookie field.
  std::string to_string() const;

 private:
  std::string name_;
  std::string value_;
  std::string domain_;
  std::string path_ = "/";
  std::optional<std::chrono::system_clock::time_point> expires_;
  std::optional<std::chrono::seconds> max_age_;
  SameSite same_site_ = SameSite::lax;
  bool secure_ = false;
  bool http_only_ = false;
  bool partitioned_ = false;
};

/// The cookies that came with a request, and what its reply changes: whatever is set or erased here
/// goes out as Set-Cookie with the reply, whichever that is, an error's included. Once the head of
/// the reply is out, changes come too late.
class Cookies {
 public:
  using Entry = std::pair<std::string, std::string>;

  Cookies(const Cookies&) = delete;
  Cookies& operator=(const Cookies&) = delete;

  /// The value of the first cookie of that name, decoded.
  std::optional<std::string> get(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// All cookies, decoded: those of the request in the order in which they were sent, then those
  /// that were set. A name may be there more than once if it was sent so.
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  /// Gives the client a cookie, in the place of all of its name.
  void set(Cookie cookie);
  void set(std::string name, std::string value) { set(Cookie(std::move(name), std::move(value))); }
  /// Takes a cookie away from the client, which it does only if path and domain are those with
  /// which the cookie was set. Throws what the setters of Cookie throw.
  void erase(std::string_view name, std::string path = "/", std::string domain = "");

  /// For the engine: `changes` gets the Set-Cookie fields, and lives as long as this object.
  Cookies(std::vector<Entry> entries, std::unique_ptr<Fields>& changes)
      : entries_(std::move(entries)), fields_(changes) {}

 private:
  const Entry* find(std::string_view name) const;
  void change(Cookie cookie);

  std::vector<Entry> entries_;
  std::vector<Cookie> changes_;
  std::unique_ptr<Fields>& fields_;
};

}  // namespace bao
