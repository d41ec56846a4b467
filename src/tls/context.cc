#include "tls/context.h"

#include <openssl/err.h>
#include <utility>

#include "http/displayed_text.h"

namespace bao::tls {

namespace {

[[noreturn]] void refuse(const Entry& entry, std::string_view member, const std::string& fault) {
  const std::string option = entry.option + "." + std::string(member);
  throw OptionError(option, "Option " + option + " " + fault);
}

void check_name(const Options& options, size_t index) {
  const Entry& entry = options.entries[index];
  if (entry.server_name.empty()) {
    if (index == 0) return;
    refuse(
        entry, options.names.server_name,
        "is missing: only the first entry serves clients that name no server, give the name that "
        "this one is for");
  }
  if (auto mend = ServerNames::fault(entry.server_name)) {
    refuse(entry, options.names.server_name, "is " + http::quote(entry.server_name) + ": " + *mend);
  }
}

void use_credentials(const Entry& entry, const EntryNames& names, const Credentials& credentials,
                     SSL_CTX& context) {
  ERR_clear_error();
  if (credentials.use(context)) return;
  refuse(entry, names.cert,
         "is refused by OpenSSL (" + take_error() +
             "): give a certificate with a key of at least 2048 bits (RSA) or 256 bits (EC)");
}

// A certificate alone is served with those of the authorities that lead from it to a root: in Node
// and Bun `ca` is where many programs have them.
void complete_chains(const Entry& entry, SSL_CTX& context) {
  if (entry.ca.empty()) return;
  for (long which = SSL_CERT_SET_FIRST; SSL_CTX_set_current_cert(&context, which) == 1;
       which = SSL_CERT_SET_NEXT) {
    STACK_OF(X509)* given = nullptr;
    SSL_CTX_get0_chain_certs(&context, &given);
    if (given != nullptr && sk_X509_num(given) > 0) continue;
    // Whoever trusts nobody else still gets what there is.
    SSL_CTX_build_cert_chain(&context, SSL_BUILD_CHAIN_FLAG_NO_ROOT |
                                           SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
                                           SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
  }
  ERR_clear_error();
}

}  // namespace

std::shared_ptr<const Context> Context::make(const Options& options,
                                             std::shared_ptr<TicketKeys> ticket_keys,
                                             std::vector<std::string>& warnings) {
  auto context = std::make_shared<Context>();
  context->ticket_keys_ = std::move(ticket_keys);
  context->certificate_for_ = options.certificate_for;
  // With a source alone, everything else is as it is by default.
  const std::vector<Entry> nothing(1);
  const std::vector<Entry>& entries = options.entries.empty() ? nothing : options.entries;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (!options.entries.empty()) check_name(options, i);
    Served served;
    const auto credentials = Credentials::read(entry, options.names, warnings);
    served.context = make_entry_context(entry, options.names);
    use_credentials(entry, options.names, *credentials, *served.context);
    complete_chains(entry, *served.context);
    served.has_certificate = !credentials->empty();
    served.low_memory_mode = entry.low_memory_mode;
    if (!served.has_certificate && !options.certificate_for) {
      refuse(entry, options.names.key,
             "is missing: give the private key, and its certificate in " + entry.option + "." +
                 std::string(options.names.cert));
    }
    if (context->ticket_keys_ != nullptr) {
      context->ticket_keys_->use(*served.context);
      SSL_CTX_set_timeout(served.context.get(),
                          static_cast<long>(context->ticket_keys_->lifetime().count()));
    } else {
      SSL_CTX_set_options(served.context.get(), SSL_OP_NO_TICKET);
      SSL_CTX_set_num_tickets(served.context.get(), 0);
    }
    if (!entry.server_name.empty()) context->names_.add(entry.server_name, i);
    context->entries_.push_back(std::move(served));
  }
  return context;
}

Context::Choice Context::choose(const std::string& server_name) const {
  const auto found = names_.find(server_name);
  const Served& served = entries_[found.value_or(0)];
  return {served.context.get(), found.has_value(), served.has_certificate, served.low_memory_mode};
}

}  // namespace bao::tls
