#include <fstream>

#include "http/network_error.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

ServedReply fine(const ServedRequest &) { return {}; }

HttpOptions with_ca(const std::string &file) {
  HttpOptions options;
  options.ca_file = file;
  return options;
}

}  // namespace

GST_START_TEST(a_server_of_the_ca_file_is_trusted) {
  CertificateMaker maker;
  Certificate certificate = maker.make("IP:127.0.0.1");
  HttpFixture server(&fine, &certificate);
  ClientBench bench(with_ca(certificate.certificate_file));
  auto answer = bench.post(server.url("/"));
  fail_unless(answer.ok(), "%s", answer.ok() ? "" : answer.error().message.c_str());
  fail_unless_equals_int(answer->status, 200);
}
GST_END_TEST

GST_START_TEST(a_server_that_offers_http2_is_spoken_to_in_http1) {
  g_setenv("SOUP_SERVER_HTTP2", "1", TRUE);  // read when the server is made
  CertificateMaker maker;
  Certificate certificate = maker.make("IP:127.0.0.1");
  HttpFixture server(&fine, &certificate);
  ClientBench bench(with_ca(certificate.certificate_file));
  run_in(bench.loop(), [&] { return bench.client().warm_up(server.url("/")), true; });
  fail_unless(bench.post(server.url("/1")).ok());
  fail_unless(bench.post(server.url("/2")).ok());
  for (const ServedRequest &request : server.requests()) fail_if(request.http2);
  fail_unless_equals_int(server.connections(), 1);
}
GST_END_TEST

GST_START_TEST(an_unknown_issuer_is_a_security_error_that_names_ca_file) {
  CertificateMaker maker;
  Certificate certificate = maker.make("IP:127.0.0.1");
  Certificate other = maker.make("IP:127.0.0.1");
  HttpFixture server(&fine, &certificate);
  for (const HttpOptions &options : {HttpOptions(), with_ca(other.certificate_file)}) {
    ClientBench bench(options);
    HttpRequest request = ClientBench::request(server.url("/"));
    request.headers = {{"Authorization", Secret("Bearer sk-1")}};
    Error error = bench.error_of(std::move(request));
    fail_unless(error.code == ErrorCode::Security, "%s", error.message.c_str());
    assert_contains(error.message, "127.0.0.1");
    assert_contains(error.message, "not trusted");
    assert_contains(error.message, "ca-file");
  }
  fail_unless_equals_int(server.requests().size(), 0);
}
GST_END_TEST

GST_START_TEST(a_certificate_of_another_host_is_a_security_error) {
  CertificateMaker maker;
  Certificate certificate = maker.make("DNS:example.com");
  HttpFixture server(&fine, &certificate);
  ClientBench bench(with_ca(certificate.certificate_file));
  Error error = bench.error_of(ClientBench::request(server.url("/")));
  fail_unless(error.code == ErrorCode::Security);
  assert_contains(error.message, "another host");
  fail_unless_equals_int(server.requests().size(), 0);
}
GST_END_TEST

GST_START_TEST(insecure_http_does_not_loosen_tls) {
  CertificateMaker maker;
  Certificate certificate = maker.make("IP:127.0.0.1");
  HttpFixture server(&fine, &certificate);
  HttpOptions options;
  options.allow_insecure_http = true;
  ClientBench bench(options);
  fail_unless(bench.error_of(ClientBench::request(server.url("/"))).code == ErrorCode::Security);
}
GST_END_TEST

GST_START_TEST(a_ca_file_that_cannot_be_read_is_a_config_error_until_it_is_there) {
  CertificateMaker maker;
  Certificate certificate = maker.make("IP:127.0.0.1");
  HttpFixture server(&fine, &certificate);
  std::string late = maker.path("late.pem");
  ClientBench bench(with_ca(late));
  Error error = bench.error_of(ClientBench::request(server.url("/")));
  fail_unless(error.code == ErrorCode::Config);
  assert_contains(error.message, late);
  std::ofstream(late) << std::ifstream(certificate.certificate_file).rdbuf();
  fail_unless(bench.post(server.url("/")).ok());
}
GST_END_TEST

GST_START_TEST(a_server_without_tls_is_a_network_error) {
  RawServer server([](int socket, int) {
    read_request(socket);
    write_all(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  ClientBench bench;
  std::string host = "127.0.0.1:" + std::to_string(server.port());
  Error error =
      bench.error_of(ClientBench::request("https://" + host + "/", std::chrono::milliseconds(800)));
  fail_unless(error.code == ErrorCode::Network, "%s", error.message.c_str());
  assert_contains(error.message, host);
}
GST_END_TEST

GST_START_TEST(a_handshake_that_is_given_up_leaves_no_connection) {
  static const std::atomic<bool> never{false};
  std::atomic<int> closed{0};
  RawServer server([&](int socket, int) {
    wait_until_closed(socket, never);
    ++closed;
  });
  std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  for (int given_up = 0; given_up < 10; ++given_up) {
    ClientBench bench;
    auto call = run_in(bench.loop(), [&] {
      return bench.client().send(ClientBench::request(url), [](Result<HttpResponse>) {});
    });
    fail_unless(wait_for([&] { return server.connections() == given_up + 1; }));
    run_in(bench.loop(), [&] { return call.reset(), true; });
  }
  fail_unless(wait_for([&] { return closed == 10; }), "%d of 10 are closed", closed.load());
}
GST_END_TEST

GST_START_TEST(only_a_clock_that_is_behind_heals) {
  GError refused{G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, const_cast<char *>("refused")};
  struct Case {
    unsigned flags;
    ErrorCode code;
    const char *words;
  };
  for (Case c : {Case{G_TLS_CERTIFICATE_NOT_ACTIVATED, ErrorCode::Network, "not valid yet"},
                 Case{G_TLS_CERTIFICATE_NOT_ACTIVATED | G_TLS_CERTIFICATE_UNKNOWN_CA,
                      ErrorCode::Security, "not trusted"},
                 Case{G_TLS_CERTIFICATE_EXPIRED, ErrorCode::Security, "expired"},
                 Case{G_TLS_CERTIFICATE_REVOKED, ErrorCode::Security, "revoked"},
                 Case{0, ErrorCode::Security, "could not be verified"}}) {
    Error error = network_error(refused, {"host.example", "shaking hands", c.flags});
    fail_unless(error.code == c.code, "%s", error.message.c_str());
    assert_contains(error.message, c.words);
    assert_contains(error.message, "host.example");
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(tls, a_server_of_the_ca_file_is_trusted,
                a_server_that_offers_http2_is_spoken_to_in_http1,
                an_unknown_issuer_is_a_security_error_that_names_ca_file,
                a_certificate_of_another_host_is_a_security_error,
                insecure_http_does_not_loosen_tls,
                a_ca_file_that_cannot_be_read_is_a_config_error_until_it_is_there,
                a_server_without_tls_is_a_network_error,
                a_handshake_that_is_given_up_leaves_no_connection,
                only_a_clock_that_is_behind_heals)
