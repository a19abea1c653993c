#include "support/turn_server.h"

#include <fstream>
#include <sstream>
#include <vector>

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

namespace oairt::test {
namespace {

Ref<GSocket> bind_to(GSocketType type, GSocketProtocol protocol, uint16_t port) {
  auto address =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("127.0.0.1", port));
  auto socket = Ref<GSocket>::adopt(g_socket_new(G_SOCKET_FAMILY_IPV4, type, protocol, nullptr));
  bool bound = g_socket_bind(socket.get(), address.get(), FALSE, nullptr);
  return bound ? socket : nullptr;
}

// Free for TCP and for UDP.
uint16_t free_port() {
  while (true) {
    auto tcp = bind_to(G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, 0);
    fail_unless(static_cast<bool>(tcp));
    auto bound = Ref<GSocketAddress>::adopt(g_socket_get_local_address(tcp.get(), nullptr));
    uint16_t port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get()));
    if (bind_to(G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, port)) return port;
  }
}

bool listens(uint16_t port) {
  auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  return static_cast<bool>(Ref<GSocketConnection>::adopt(
      g_socket_client_connect_to_host(client.get(), "127.0.0.1", port, nullptr, nullptr)));
}

Ref<GSubprocess> run(const std::vector<std::string> &words) {
  std::vector<const char *> argv;
  for (const std::string &word : words) argv.push_back(word.c_str());
  argv.push_back(nullptr);
  return Ref<GSubprocess>::adopt(
      g_subprocess_newv(argv.data(),
                        static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                                      G_SUBPROCESS_FLAGS_STDERR_SILENCE),
                        nullptr));
}

}  // namespace

bool TurnServer::available() {
  return GString_(g_find_program_in_path("turnserver")) != nullptr &&
         GString_(g_find_program_in_path("openssl")) != nullptr;
}

bool TurnServer::make_certificate() {
  auto process =
      run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
           "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
           "subjectAltName=DNS:localhost", "-keyout", folder_ + "/key.pem", "-out", ca_file()});
  return process && g_subprocess_wait_check(process.get(), nullptr, nullptr);
}

TurnServer::TurnServer(Users users, Clients clients) : users_(users), clients_(clients) {
  folder_ = GString_(g_dir_make_tmp("oairt-turn-XXXXXX", nullptr)).get();
  fail_unless(make_certificate());
  launch();
}

void TurnServer::launch() {
  port_ = free_port();
  tls_port_ = free_port();
  std::vector<std::string> words = {"turnserver",
                                    "-n",
                                    "--listening-ip=127.0.0.1",
                                    "--relay-ip=127.0.0.1",
                                    "--listening-port=" + std::to_string(port_),
                                    "--tls-listening-port=" + std::to_string(tls_port_),
                                    "--realm=test",
                                    "--allow-loopback-peers",
                                    "--no-cli",
                                    "--no-dtls",
                                    "--cert=" + ca_file(),
                                    "--pkey=" + folder_ + "/key.pem",
                                    "--verbose",
                                    "--simple-log",
                                    "--log-file=" + folder_ + "/log",
                                    "--pidfile=" + folder_ + "/pid",
                                    "--userdb=" + folder_ + "/db"};
  if (users_ == Users::One) {
    words.push_back("--lt-cred-mech");
    words.push_back(std::string("--user=") + kUser + ":" + kPassword);
  } else {
    words.push_back("--use-auth-secret");
    words.push_back(std::string("--static-auth-secret=") + kSharedSecret);
  }
  if (clients_ == Clients::TcpAndTls) words.push_back("--no-udp");
  process_ = run(words);
}

void TurnServer::stop() {
  if (!process_) return;
  g_subprocess_force_exit(process_.get());
  g_subprocess_wait(process_.get(), nullptr, nullptr);
  process_ = nullptr;
}

TurnServer::~TurnServer() {
  stop();
  if (GDir *dir = g_dir_open(folder_.c_str(), 0, nullptr)) {
    while (const gchar *name = g_dir_read_name(dir)) g_unlink((folder_ + "/" + name).c_str());
    g_dir_close(dir);
  }
  g_rmdir(folder_.c_str());
}

bool TurnServer::ready() {
  if (count("Cannot bind") > 0) {  // somebody else was quicker
    stop();
    g_unlink((folder_ + "/log").c_str());
    launch();
    return false;
  }
  bool udp = clients_ == Clients::TcpAndTls || count("UDP listener opened on") > 0;
  return udp && listens(port_) && listens(tls_port_);
}

std::string TurnServer::password_of(const std::string &user) {
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, reinterpret_cast<const guchar *>(kSharedSecret),
                           sizeof kSharedSecret - 1);
  g_hmac_update(hmac, reinterpret_cast<const guchar *>(user.data()), user.size());
  guint8 digest[20];
  gsize size = sizeof digest;
  g_hmac_get_digest(hmac, digest, &size);
  g_hmac_unref(hmac);
  return GString_(g_base64_encode(digest, size)).get();
}

int TurnServer::count(const std::string &text) const {
  std::ifstream log(folder_ + "/log");
  int count = 0;
  for (std::string line; std::getline(log, line);) count += line.find(text) != std::string::npos;
  return count;
}

}  // namespace oairt::test
