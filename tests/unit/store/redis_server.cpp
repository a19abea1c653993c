#include "redis_server.h"

#include <csignal>
#include <filesystem>
#include <tuple>

#include <sys/prctl.h>

#include "support/check.h"

namespace oairt::test {
namespace {

bool installed(const char *program) { return GString_(g_find_program_in_path(program)) != nullptr; }

std::pair<int, int> two_free_ports() {
  Ref<GSocketListener> listener = Ref<GSocketListener>::adopt(g_socket_listener_new());
  int one = g_socket_listener_add_any_inet_port(listener.get(), nullptr, nullptr);
  int other = g_socket_listener_add_any_inet_port(listener.get(), nullptr, nullptr);
  g_socket_listener_close(listener.get());
  return {one, other};
}

}  // namespace

Ref<GSubprocess> start_program(const std::vector<std::string> &words, GSubprocessFlags flags) {
  std::vector<const char *> raw;
  for (const std::string &word : words) raw.push_back(word.c_str());
  raw.push_back(nullptr);
  auto launcher = Ref<GSubprocessLauncher>::adopt(g_subprocess_launcher_new(flags));
  g_subprocess_launcher_set_child_setup(
      launcher.get(), [](gpointer) { prctl(PR_SET_PDEATHSIG, SIGKILL); }, nullptr, nullptr);
  auto process =
      Ref<GSubprocess>::adopt(g_subprocess_launcher_spawnv(launcher.get(), raw.data(), nullptr));
  fail_unless(process.get() != nullptr, "%s does not start", words[0].c_str());
  return process;
}

const char *RedisServer::absent() {
  if (!installed("redis-server")) return "redis-server is not installed";
  return installed("redis-cli") ? nullptr : "redis-cli is not installed";
}

RedisServer::RedisServer(std::vector<std::string> arguments) {
  std::tie(port_, tls_port_) = two_free_ports();
  GString_ made(g_dir_make_tmp("oairt-redis-XXXXXX", nullptr));
  directory_ = made.get();
  start(std::move(arguments));
}

RedisServer::~RedisServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::start(std::vector<std::string> arguments) {
  if (!arguments.empty()) arguments_ = std::move(arguments);
  std::vector<std::string> words{"redis-server",
                                 "--port",
                                 std::to_string(port_),
                                 "--bind",
                                 "127.0.0.1",
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--dir",
                                 directory_,
                                 "--logfile",
                                 "redis.log"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  process_ = start_program(words, G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  bool up = wait_for([this] {
    Ref<GSocketClient> client = Ref<GSocketClient>::adopt(g_socket_client_new());
    auto connection = Ref<GSocketConnection>::adopt(g_socket_client_connect_to_host(
        client.get(), "127.0.0.1", static_cast<guint16>(port_), nullptr, nullptr));
    return static_cast<bool>(connection);
  });
  fail_unless(up, "redis-server does not listen");
}

void RedisServer::signal(int number) {
  if (process_) g_subprocess_send_signal(process_.get(), number);
}

void RedisServer::kill() {
  if (!process_) return;
  signal(SIGKILL);
  g_subprocess_wait(process_.get(), nullptr, nullptr);
  process_.reset();
}

void RedisServer::freeze() { signal(SIGSTOP); }
void RedisServer::thaw() { signal(SIGCONT); }

std::string RedisServer::command(const std::vector<std::string> &words) {
  std::string port = std::to_string(port_);
  std::vector<const char *> raw{"redis-cli", "-p", port.c_str()};
  for (const std::string &word : words) raw.push_back(word.c_str());
  raw.push_back(nullptr);
  auto process = Ref<GSubprocess>::adopt(
      g_subprocess_newv(raw.data(), G_SUBPROCESS_FLAGS_STDOUT_PIPE, nullptr));
  char *output = nullptr;
  g_subprocess_communicate_utf8(process.get(), nullptr, nullptr, &output, nullptr, nullptr);
  GString_ owned(output);
  return owned ? owned.get() : "";
}

}  // namespace oairt::test
