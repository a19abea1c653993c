#include "transport/warm_up.h"

#include <openssl/ssl.h>

#include "transport/certificate.h"
#include "transport/srtp.h"

namespace oairt::sim {
namespace {

struct Server {
  SSL_CTX *context = SSL_CTX_new(DTLS_server_method());
  SSL *ssl = nullptr;
  BIO *input = BIO_new(BIO_s_mem()), *output = BIO_new(BIO_s_mem());

  Server() {
    BIO_set_mem_eof_return(input, -1);
    BIO_set_mem_eof_return(output, -1);
    SSL_CTX_use_certificate(context, Certificate::own().x509());
    SSL_CTX_use_PrivateKey(context, Certificate::own().key());
    SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80");
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX *) { return 1; });
    ssl = SSL_new(context);
    SSL_set_bio(ssl, input, output);
    SSL_set_mtu(ssl, 1200);
    SSL_set_accept_state(ssl);
  }
  ~Server() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

}  // namespace

void warm_up_crypto(GMainContext *context) {
  static bool done = false;
  if (std::exchange(done, true)) return;
  Server server;
  Dtls::Hooks hooks;
  hooks.send = [&server](BytesView packet) {
    BIO_write(server.input, packet.data(), static_cast<int>(packet.size()));
  };
  hooks.on_connected = [] {};
  hooks.on_data = [](BytesView) {};
  hooks.on_closed = [](const std::string &) {};
  Dtls client(context, Certificate::own().fingerprint(), 1000, false, std::move(hooks));
  client.start();
  for (int round = 0; round < 4 && !client.connected(); ++round) {
    SSL_do_handshake(server.ssl);
    Bytes reply(16384);
    int size = BIO_read(server.output, reply.data(), static_cast<int>(reply.size()));
    if (size > 0) client.receive(BytesView(reply).first(static_cast<size_t>(size)));
  }
  (void)Srtp::create(client.srtp_keys());
}

}  // namespace oairt::sim
