#include "support/turn_server.h"

#include <fstream>
#include <sstream>
#include <vector>

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

namespace oairt::test {
namespace {

uint16_t free_port() {
  auto any = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("127.0.0.1", 0));
  auto socket = Ref<GSocket>::adopt(
      g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr));
  fail_unless(g_socket_bind(socket.get(), any.get(), TRUE, nullptr));
  auto bound = Ref<GSocketAddress>::adopt(g_socket_get_local_address(socket.get(), nullptr));
  return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get()));
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

TurnServer::TurnServer(Users users, Clients clients) : port_(free_port()), tls_port_(free_port()) {
  folder_ = GString_(g_dir_make_tmp("oairt-turn-XXXXXX", nullptr)).get();
  fail_unless(make_certificate());
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
  if (users == Users::One) {
    words.push_back("--lt-cred-mech");
    words.push_back(std::string("--user=") + kUser + ":" + kPassword);
  } else {
    words.push_back("--use-auth-secret");
    words.push_back(std::string("--static-auth-secret=") + kSharedSecret);
  }
  if (clients == Clients::TcpAndTls) words.push_back("--no-udp");
  process_ = run(words);
}

TurnServer::~TurnServer() {
  if (process_) {
    g_subprocess_force_exit(process_.get());
    g_subprocess_wait(process_.get(), nullptr, nullptr);
  }
  if (GDir *dir = g_dir_open(folder_.c_str(), 0, nullptr)) {
    while (const gchar *name = g_dir_read_name(dir)) g_unlink((folder_ + "/" + name).c_str());
    g_dir_close(dir);
  }
  g_rmdir(folder_.c_str());
}

bool TurnServer::ready() { return listens(port_) && listens(tls_port_); }

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
