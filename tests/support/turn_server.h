// A coturn on 127.0.0.1 for as long as the object lives: with one user, or with the time-limited
// credentials of TURN's REST interface. Test thread only.
// Never reachable from another machine.
#pragma once

#include <string>

#include <gio/gio.h>

#include "base/ref.h"

namespace oairt::test {

class TurnServer {
 public:
  static bool available();  // coturn is installed
  enum class Users { One, TimeLimited };
  enum class Clients { Any, TcpAndTls };
  explicit TurnServer(Users users = Users::One, Clients clients = Clients::Any);
  ~TurnServer();
  bool ready();  // it listens, and the ports are known
  uint16_t port() const { return port_; }
  uint16_t tls_port() const { return tls_port_; }
  std::string ca_file() const { return folder_ + "/cert.pem"; }
  // What "expiry:name" authenticates itself with, expiry in Unix time.
  static std::string password_of(const std::string &user);
  // The lines of its log that contain the text.
  int count(const std::string &text) const;

  static constexpr char kUser[] = "kiosk", kPassword[] = "tu:rn@secret";
  static constexpr char kSharedSecret[] = "north-5e81";
  static constexpr char kEscaped[] = "kiosk:tu%3Arn%40secret";

 private:
  bool make_certificate();
  void launch();
  void stop();
  const Users users_;
  const Clients clients_;
  std::string folder_;
  uint16_t port_ = 0, tls_port_ = 0;
  Ref<GSubprocess> process_;
};

}  // namespace oairt::test
