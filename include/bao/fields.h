#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bao {

/// The fields of a reply (RFC 9110 section 5): names and values, in the order in which they were
/// added. Names compare without regard to case and are sent as they were written.
///
/// A name must be a token; a value may hold visible characters, spaces, tabs and bytes from 0x80.
/// Anything else, CR, LF and NUL above all, throws std::invalid_argument that names the field, so
/// that no value can smuggle in a second field. Spaces and tabs around a value are dropped.
///
/// Small sets live inside the object: nothing is allocated up to about 100 characters. Views that
/// the getters return live until the next change or the end of the object. Not thread-safe.
class Fields {
 public:
  /// What the server itself must know about a set of fields before it writes a head.
  enum Known : uint8_t {
    kContentType = 1,
    kContentLength = 2,
    kTransferEncoding = 4,
    kConnection = 8,
    kDate = 16,
    kETag = 32,
  };

  Fields() = default;
  Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
  Fields(const Fields& other);
  Fields(Fields&& other) noexcept;
  Fields& operator=(const Fields& other);
  Fields& operator=(Fields&& other) noexcept;
  ~Fields();

  /// Adds a field; others of the same name stay. This is how several `Set-Cookie` are sent.
  void append(std::string_view name, std::string_view value);
  /// Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);
  /// Removes every field of that name. Returns how many there were.
  size_t remove(std::string_view name);

  /// The value of the first field of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  /// The values of all fields of that name, in order.
  std::vector<std::string_view> get_all(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  bool empty() const { return size_ == 0; }
  /// The number of fields.
  size_t size() const;

  struct Field {
    std::string_view name;
    std::string_view value;
  };

  class iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    Field operator*() const;
    iterator& operator++();
    iterator operator++(int) {
      iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const iterator&) const = default;

   private:
    friend class Fields;
    explicit iterator(const char* line) : line_(line) {}
    const char* line_ = nullptr;
  };
  iterator begin() const { return iterator(data_); }
  iterator end() const { return iterator(data_ + size_); }

  /// All fields as they go on the wire: `Name: value CRLF` for each.
  std::string_view lines() const { return {data_, size_}; }
  /// Whether a field of that kind is there; one test of a bit.
  bool knows(Known field) const { return (known_ & field) != 0; }

 private:
  static constexpr uint32_t kInline = 104;

  void reserve(size_t more);
  void adopt(Fields&& other) noexcept;

  uint32_t size_ = 0;
  uint32_t capacity_ = kInline;
  char* data_ = inline_;
  uint8_t known_ = 0;
  char inline_[kInline];
};

}  // namespace bao
