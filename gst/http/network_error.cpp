#include "http/network_error.h"

#include <cmath>

#include "http/redact.h"

namespace oairt {
namespace {

std::string certificate_reason(unsigned flags) {
  struct Entry {
    unsigned flag;
    const char *text;
  };
  static constexpr Entry kEntries[] = {
      {G_TLS_CERTIFICATE_UNKNOWN_CA,
       "its issuer is not trusted here (set ca-file if it is your own)"},
      {G_TLS_CERTIFICATE_BAD_IDENTITY, "it was issued for another host"},
      {G_TLS_CERTIFICATE_NOT_ACTIVATED,
       "it is not valid yet (is the clock of this machine right?)"},
      {G_TLS_CERTIFICATE_EXPIRED, "it has expired (is the clock of this machine right?)"},
      {G_TLS_CERTIFICATE_REVOKED, "it was revoked"},
      {G_TLS_CERTIFICATE_INSECURE, "its algorithm is not safe"},
  };
  std::string text;
  for (const Entry &entry : kEntries) {
    if ((flags & entry.flag) == 0) continue;
    if (!text.empty()) text += ", ";
    text += entry.text;
  }
  return text.empty() ? "it could not be verified" : text;
}

Error make(ErrorCode code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  return error;
}

Error tls_error(const GError &error, const NetworkContext &context) {
  if (context.tls_errors != 0 || error.code == G_TLS_ERROR_BAD_CERTIFICATE) {
    // A machine without a battery for its clock starts in the past and is put right by NTP: that
    // heals, all else does not.
    bool clock_only = context.tls_errors == G_TLS_CERTIFICATE_NOT_ACTIVATED;
    return make(clock_only ? ErrorCode::Network : ErrorCode::Security,
                "The certificate of " + context.host +
                    " was refused: " + certificate_reason(context.tls_errors) + ".");
  }
  if (error.code == G_TLS_ERROR_NOT_TLS) {
    return make(ErrorCode::Network, context.host +
                                        " does not speak TLS. Is it an http server, or is a proxy "
                                        "or login page in between?");
  }
  return make(ErrorCode::Network,
              "No secure connection to " + context.host + ": the TLS handshake failed.");
}

Error resolver_error(const GError &error, const NetworkContext &context) {
  std::string reason = error.code == G_RESOLVER_ERROR_TEMPORARY_FAILURE
                           ? "the name server does not answer"
                           : "its name is not known";
  return make(ErrorCode::Network, "Could not find " + context.host + ": " + reason +
                                      ". Check the URL and the network.");
}

Error io_error(const GError &error, const NetworkContext &context) {
  const std::string &host = context.host;
  switch (error.code) {
    case G_IO_ERROR_CONNECTION_REFUSED:
      return make(ErrorCode::Network,
                  host + " refused the connection. Is the server running, and the port right?");
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
      return make(ErrorCode::Network, host + " cannot be reached. Check the network.");
    case G_IO_ERROR_HOST_NOT_FOUND:
      return make(ErrorCode::Network,
                  "Could not find " + host + ". Check the URL and the network.");
    case G_IO_ERROR_TIMED_OUT:
      return make(ErrorCode::Network,
                  host + " stopped answering while " + context.stage + ". Check the network.");
    case G_IO_ERROR_PROXY_AUTH_FAILED:
    case G_IO_ERROR_PROXY_NEED_AUTH:
      return make(ErrorCode::Config, "The proxy on the way to " + host +
                                         " wants another user name or password. Check proxy.");
    case G_IO_ERROR_PROXY_NOT_ALLOWED:
      return make(ErrorCode::Config,
                  "The proxy does not allow connections to " + host + ". Check proxy.");
    case G_IO_ERROR_PROXY_FAILED:
      return make(ErrorCode::Network,
                  "The proxy could not connect to " + host + ". Check proxy and the network.");
    default:
      return make(ErrorCode::Network, "The connection to " + host + " broke while " +
                                          context.stage + ". Check the network.");
  }
}

}  // namespace

Error network_error(const GError &error, const NetworkContext &context) {
  Error result = error.domain == G_TLS_ERROR        ? tls_error(error, context)
                 : error.domain == G_RESOLVER_ERROR ? resolver_error(error, context)
                 : error.domain == G_IO_ERROR
                     ? io_error(error, context)
                     : make(ErrorCode::Network, "The request to " + context.host + " failed.");
  result.detail = redact(error.message) + " (" + g_quark_to_string(error.domain) + " " +
                  std::to_string(error.code) + ", while " + context.stage + ")";
  return result;
}

Error timeout_error(const NetworkContext &context, double seconds) {
  char text[32];
  g_snprintf(text, sizeof(text), seconds < 10 ? "%.1f" : "%.0f", seconds);
  return make(ErrorCode::Network, context.host + " did not answer within " + text + " s (while " +
                                      context.stage + "). Check the network and the proxy.");
}

Error proxy_error(const NetworkContext &context, unsigned status) {
  std::string number = std::to_string(status);
  if (status == 407) {
    return make(ErrorCode::Config, "The proxy on the way to " + context.host +
                                       " wants a user name and password (407): write them into "
                                       "the proxy URI.");
  }
  bool refused = status >= 400 && status < 500;
  return make(
      refused ? ErrorCode::Config : ErrorCode::Network,
      "The proxy did not connect to " + context.host + " (status " + number + "). Check proxy.");
}

}  // namespace oairt
