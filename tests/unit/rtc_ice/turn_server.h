// A coturn on 127.0.0.1 with one user, for as long as the object lives.
// Test thread only. Never reachable from another machine.
#pragma once

#include <string>

#include <gio/gio.h>

#include "base/ref.h"

namespace oairt::test {

class TurnServer {
 public:
  static bool available();  // coturn is installed
  TurnServer();
  ~TurnServer();
  bool ready();  // it listens
  uint16_t port() const { return port_; }
  uint16_t tls_port() const { return tls_port_; }
  std::string ca_file() const { return folder_ + "/cert.pem"; }
  // The lines of its log that contain the text.
  int count(const std::string &text) const;

  static constexpr char kUser[] = "kiosk", kPassword[] = "tu:rn@secret";
  static constexpr char kEscaped[] = "kiosk:tu%3Arn%40secret";

 private:
  bool make_certificate();
  std::string folder_;
  uint16_t port_ = 0, tls_port_ = 0;
  Ref<GSubprocess> process_;
};

}  // namespace oairt::test
