#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls/credentials.h"
#include "tls/openssl.h"
#include "tls/options.h"
#include "tls/server_names.h"
#include "tls/ticket_keys.h"

namespace bao::tls {

/// What a server serves by TLS, read and checked: an OpenSSL context for each entry. Immutable, so
/// a reload puts another one in its place, and connections hold the one that they began with.
class Context {
 public:
  /// Reads everything. Adds a line to `warnings` for what is allowed and surely not wanted. Throws
  /// OptionError. `ticket_keys` null: no session can be resumed.
  static std::shared_ptr<const Context> make(const Options& options,
                                             std::shared_ptr<TicketKeys> ticket_keys,
                                             std::vector<std::string>& warnings);

  /// What serves a name in normal form: its entry, or the first.
  struct Choice {
    SSL_CTX* context = nullptr;
    bool named = false;            ///< an entry has that name
    bool has_certificate = false;  ///< false: only a certificate source can help
    bool low_memory_mode = false;
  };
  Choice choose(const std::string& server_name) const;

  /// Asked for names that no entry has; may be null.
  const CertificateSource& certificate_for() const { return certificate_for_; }

 private:
  struct Served {
    ContextPointer context;
    bool has_certificate = false;
    bool low_memory_mode = false;
  };

  std::shared_ptr<TicketKeys> ticket_keys_;  // before the contexts, which use it
  std::vector<Served> entries_;
  ServerNames names_;
  CertificateSource certificate_for_;
};

/// Makes a context of one entry, without its credentials.
ContextPointer make_entry_context(const Entry& entry, const EntryNames& names);

}  // namespace bao::tls
