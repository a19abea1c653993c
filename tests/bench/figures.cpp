#include "figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <gio/gio.h>
#include <gst/check/gstcheck.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <net/if.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/ref.h"
#include "protocol/json.h"

namespace oairt::bench {
namespace {

struct Bench {
  int argc;
  char **argv;
  BenchMain body;
  int status;
} the_bench;

GST_START_TEST(run_the_bench) { the_bench.status = the_bench.body(the_bench.argc, the_bench.argv); }
GST_END_TEST

[[noreturn]] void give_up(const std::string &why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

int entries(const char *folder) {
  int count = 0;
  for ([[maybe_unused]] const auto &entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

double seconds(const timeval &time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string read_reply(GInputStream *in) {
  std::string reply;
  char buffer[16384];
  gssize got = 0;
  while ((got = g_input_stream_read(in, buffer, sizeof buffer, nullptr, nullptr)) > 0) {
    reply.append(buffer, static_cast<std::size_t>(got));
    auto end = reply.find("\r\n\r\n");
    auto length = reply.find("Content-Length: ");
    if (end == std::string::npos || length == std::string::npos || length > end) continue;
    if (reply.size() >= end + 4 + std::strtoul(&reply[length + 16], nullptr, 10)) break;
  }
  return reply;
}

}  // namespace

double Series::at(double share) const {
  if (values_.empty()) return NAN;
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  double place = share * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<std::size_t>(place);
  auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

double Series::share_above(double limit) const {
  if (values_.empty()) return NAN;
  auto above = std::count_if(values_.begin(), values_.end(),
                             [limit](double value) { return value > limit; });
  return static_cast<double>(above) / static_cast<double>(values_.size());
}

void print_figure(const std::string &what, const std::string &who, const std::string &unit,
                  const Series &series) {
  std::printf("figure;%s;%s;%s;%zu;%d;%.1f;%.1f;%.1f\n", what.c_str(), who.c_str(), unit.c_str(),
              series.count(), series.failures(), series.at(0.5), series.at(0), series.at(1));
  std::fflush(stdout);
}

void print_figure(const std::string &what, const std::string &who, const std::string &unit,
                  double value) {
  Series one;
  one.add(value);
  print_figure(what, who, unit, one);
}

ProcessUse process_use() {
  ProcessUse use;
  use.threads = entries("/proc/self/task");
  use.files = entries("/proc/self/fd") - 1;  // without the one that counts
  long pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> pages;
  use.memory_kb = static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
  use.heap_kb = static_cast<double>(mallinfo2().uordblks) / 1024;
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  use.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return use;
}

std::string own_address() {
  ifaddrs *all = nullptr;
  getifaddrs(&all);
  std::string found;
  for (ifaddrs *one = all; one != nullptr && found.empty(); one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_LOOPBACK) != 0 || (one->ifa_flags & IFF_UP) == 0) continue;
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in *>(one->ifa_addr)->sin_addr, text,
              sizeof text);
    found = text;
  }
  freeifaddrs(all);
  if (found.empty()) give_up("This needs an IPv4 address beside 127.0.0.1.");
  return found;
}

bool has_option(int argc, char **argv, const std::string &name) {
  return std::find(argv + 1, argv + argc, name) != argv + argc;
}

double number_option(int argc, char **argv, const std::string &name, double fallback) {
  auto found = std::find(argv + 1, argv + argc, name);
  return found < argv + argc - 1 ? std::atof(found[1]) : fallback;
}

int run_bench(int argc, char **argv, BenchMain body) {
  g_setenv("OAIRT_SLOW_RUN", "1", FALSE);  // a slow state change is a figure here, not a failure
  int count = 1;                           // gst-check refuses the options it does not know
  char **name_only = argv;
  gst_check_init(&count, &name_only);
  the_bench = {argc, argv, body, 1};
  Suite *suite = suite_create("bench");
  TCase *test_case = tcase_create("bench");
  tcase_set_timeout(test_case, 0);
  tcase_add_test(test_case, run_the_bench);
  suite_add_tcase(suite, test_case);
  SRunner *runner = srunner_create(suite);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_SILENT);
  if (srunner_ntests_failed(runner) > 0) srunner_print(runner, CK_NORMAL);
  bool failed = srunner_ntests_failed(runner) > 0;
  srunner_free(runner);
  return failed ? 1 : the_bench.status;
}

HttpReply http_post(int port, const std::string &path, const std::string &bearer,
                    const std::string &content_type, const std::string &body) {
  auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), 15);
  auto connection = Ref<GSocketConnection>::adopt(g_socket_client_connect_to_host(
      client.get(), "127.0.0.1", static_cast<guint16>(port), nullptr, nullptr));
  if (!connection) return {};
  std::string request = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
                        bearer + "\r\nContent-Type: " + content_type +
                        "\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\nConnection: close\r\n\r\n" + body;
  auto *stream = G_IO_STREAM(connection.get());
  g_output_stream_write_all(g_io_stream_get_output_stream(stream), request.data(), request.size(),
                            nullptr, nullptr, nullptr);
  std::string reply = read_reply(g_io_stream_get_input_stream(stream));
  auto end = reply.find("\r\n\r\n");
  if (reply.size() < 12 || end == std::string::npos) return {};
  return {std::atoi(&reply[9]), reply.substr(end + 4)};
}

std::string mint_key(int simulator_port) {
  HttpReply reply = http_post(simulator_port, "/v1/realtime/client_secrets",
                              test::SimulatorProcess::kApiKey, "application/json",
                              R"({"session": {"type": "realtime", "model": "gpt-realtime-2.1"}})");
  auto json = Json::parse(reply.body);
  if (reply.status != 200 || !json) give_up("The simulator gave no key: " + reply.body);
  return json.value()["value"].as_string();
}

Service::Service(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--listen", "0.0.0.0", "--advertise", own_address()});
  simulator_ = std::make_unique<test::SimulatorProcess>(arguments);
  http_port_ = simulator_->port();
}

Service::Service(RelayLink link, std::vector<std::string> arguments, Http http_way)
    : relay_(std::make_unique<test::NetworkRelay>(link)) {
  uint16_t http = relay_->open_tcp(), udp = relay_->open_udp(), tcp = relay_->open_tcp();
  arguments.insert(arguments.begin(),
                   {"--advertise", own_address(), "--advertise-udp-port", std::to_string(udp),
                    "--advertise-tcp-port", std::to_string(tcp)});
  simulator_ = std::make_unique<test::SimulatorProcess>(arguments);
  Json at = simulator_->state()["listening"];
  auto port = [&](const char *name) { return static_cast<uint16_t>(at[name].as_int()); };
  relay_->set_target(http, port("port"));
  relay_->set_target(udp, port("udp_port"));
  relay_->set_target(tcp, port("tcp_port"));
  http_port_ = http_way == Http::Relayed ? http : simulator_->port();
}

std::string Service::base_url() const {
  return "http://127.0.0.1:" + std::to_string(http_port_) + "/v1";
}

std::string Service::properties() const {
  return " base-url=" + base_url() + " ephemeral-key=" + key() + " ";
}

}  // namespace oairt::bench
