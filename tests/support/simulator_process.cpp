#include "support/simulator_process.h"

#include <csignal>
#include <cstdio>
#include <fstream>

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

#include "base/ref.h"

namespace oairt::test {
namespace {

constexpr std::size_t kMaxReply = 64 << 20;

// A minimal request of its own, so that the tests do not prove our HTTP room with itself.
std::string http_exchange(int port, const std::string &request) {
  auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), 10);
  GError *error = nullptr;
  auto connection = Ref<GSocketConnection>::adopt(
      g_socket_client_connect_to_host(client.get(), "127.0.0.1", port, nullptr, &error));
  fail_unless(connection.get() != nullptr, "simulator control: %s", error ? error->message : "");
  GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection.get()));
  fail_unless(
      g_output_stream_write_all(out, request.data(), request.size(), nullptr, nullptr, nullptr));
  GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection.get()));
  std::string reply;
  char buffer[16384];
  gssize got = 0;
  while (reply.size() < kMaxReply &&
         (got = g_input_stream_read(in, buffer, sizeof buffer, nullptr, nullptr)) > 0) {
    reply.append(buffer, got);
  }
  return reply;
}

}  // namespace

SimulatorProcess::SimulatorProcess(std::vector<std::string> arguments, int port) {
  gchar *name = nullptr;
  int descriptor = g_file_open_tmp("oairt-simulator-XXXXXX.jsonl", &name, nullptr);
  fail_unless(descriptor >= 0);
  g_close(descriptor, nullptr);
  log_file_ = name;
  g_free(name);
  launch(arguments, port);
}

void SimulatorProcess::launch(const std::vector<std::string> &arguments, int port) {
  std::string port_text = std::to_string(port);
  std::vector<const char *> argv = {OAIRT_SIMULATOR, "--listen",        "127.0.0.1",
                                    "--port",        port_text.c_str(), "--api-key",
                                    kApiKey,         "--log",           log_file_.c_str()};
  for (const auto &argument : arguments) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  GError *error = nullptr;
  process_ = g_subprocess_newv(argv.data(), G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  fail_unless(process_ != nullptr, "cannot start the simulator: %s", error ? error->message : "");
  auto lines =
      Ref<GDataInputStream>::adopt(g_data_input_stream_new(g_subprocess_get_stdout_pipe(process_)));
  g_filter_input_stream_set_close_base_stream(G_FILTER_INPUT_STREAM(lines.get()), FALSE);
  while (port_ == 0) {
    Unique<gchar, g_free> line(
        g_data_input_stream_read_line(lines.get(), nullptr, nullptr, nullptr));
    fail_unless(line != nullptr, "the simulator ended before it listened");
    auto said = Json::parse(line.get());
    if (said.ok()) port_ = static_cast<int>(said.value()["port"].as_int());
  }
}

SimulatorProcess::~SimulatorProcess() {
  terminate();
  g_unlink(log_file_.c_str());
}

std::string SimulatorProcess::base_url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/v1";
}

std::string SimulatorProcess::request(const char *method, const std::string &path,
                                      const std::string &body) {
  std::string text = std::string(method) + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                     "Connection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n\r\n" + body;
  std::string reply = http_exchange(port_, text);
  auto end = reply.find("\r\n\r\n");
  fail_unless(end != std::string::npos, "no answer to %s %s", method, path.c_str());
  fail_unless(reply.find(" 2") == 8, "%s %s: %.60s", method, path.c_str(), reply.c_str());
  return reply.substr(end + 4);
}

Json SimulatorProcess::state() {
  auto json = Json::parse(request("GET", "/simulator/state", ""));
  fail_unless(json.ok());
  return std::move(json).value();
}

std::string SimulatorProcess::remembered() {
  Json state = this->state();
  const auto &sessions = state["sessions"].items();
  if (sessions.empty()) return "no session";
  std::string text;
  for (const Json &item : sessions.back().at("session.items").items()) {
    for (const Json &part : item["content"].items()) {
      const std::string &words =
          part["text"].is_string() ? part["text"].as_string() : part["transcript"].as_string();
      text += item["role"].as_string() + ": " + words + "\n";
    }
  }
  return text;
}

Json SimulatorProcess::control(const std::string &path, const Json &body) {
  auto json = Json::parse(request("POST", path, body.dump()));
  return json.ok() ? std::move(json).value() : Json();
}

std::vector<Json> SimulatorProcess::log(const std::string &kind) {
  std::vector<Json> lines;
  std::ifstream file(log_file_);
  std::string line;
  while (std::getline(file, line)) {
    auto json = Json::parse(line);
    if (!json.ok()) continue;  // the last line may still be being written
    if (kind.empty() || json.value()["kind"].as_string() == kind) {
      lines.push_back(std::move(json).value());
    }
  }
  return lines;
}

void SimulatorProcess::kill() {
  if (process_ == nullptr) return;
  g_subprocess_force_exit(process_);
  g_subprocess_wait(process_, nullptr, nullptr);
  g_clear_object(&process_);
}

void SimulatorProcess::terminate() {
  if (process_ == nullptr) return;
  g_subprocess_send_signal(process_, SIGTERM);
  g_subprocess_wait(process_, nullptr, nullptr);
  g_clear_object(&process_);
}

}  // namespace oairt::test
