#include "driver_process.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "redis_server.h"
#include "support/check.h"

namespace oairt::test {
namespace {

constexpr Duration kPatience = std::chrono::seconds(15);

}  // namespace

DriverProcess::DriverProcess(const StoreOptions &options, const std::string &mode,
                             int64_t first_slot) {
  const char *program = g_getenv("OAIRT_STORE_DRIVER");
  fail_unless(program != nullptr, "OAIRT_STORE_DRIVER is not set");
  std::string lease = std::to_string(static_cast<int>(to_ms(options.lease)));
  std::string slot = std::to_string(first_slot);
  process_ = start_program({program, options.uri, options.session, lease, mode, slot},
                           static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                                         G_SUBPROCESS_FLAGS_STDOUT_PIPE));
}

DriverProcess::~DriverProcess() { kill(); }

void DriverProcess::kill() {
  signal(SIGKILL);
  g_subprocess_wait(process_.get(), nullptr, nullptr);
}

void DriverProcess::freeze() {
  signal(SIGSTOP);
  std::string tasks = std::string("/proc/") + g_subprocess_get_identifier(process_.get()) + "/task";
  auto stands = [](const std::filesystem::directory_entry &task) {
    std::ifstream file(task.path() / "stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    return text.find(") T ") != std::string::npos;
  };
  fail_unless(wait_for([&] {
    auto all = std::filesystem::directory_iterator(tasks);
    return std::all_of(begin(all), end(all), stands);
  }));
}

void DriverProcess::say(const std::string &line) {
  std::string whole = line + "\n";
  GOutputStream *input = g_subprocess_get_stdin_pipe(process_.get());
  fail_unless(
      g_output_stream_write_all(input, whole.data(), whole.size(), nullptr, nullptr, nullptr));
}

bool DriverProcess::next_line(std::string &line) {
  std::size_t end;
  while ((end = buffer_.find('\n')) == std::string::npos) {
    char bytes[4096];
    GInputStream *output = g_subprocess_get_stdout_pipe(process_.get());
    auto *pollable = G_POLLABLE_INPUT_STREAM(output);
    if (!wait_for([&] { return g_pollable_input_stream_is_readable(pollable); }, kPatience)) {
      return false;
    }
    gssize got = g_input_stream_read(output, bytes, sizeof bytes, nullptr, nullptr);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return true;
}

std::vector<std::string> DriverProcess::wait_for_line(const std::string &start) {
  std::vector<std::string> lines;
  std::string line;
  while (next_line(line)) {
    lines.push_back(line);
    if (line.compare(0, start.size(), start) == 0) return lines;
  }
  std::string said;
  for (const std::string &each : lines) said += each + "\n";
  fail_unless(false, "the driver did not say \"%s\", but:\n%s", start.c_str(), said.c_str());
  return lines;
}

std::vector<std::string> DriverProcess::rest() {
  std::vector<std::string> lines;
  std::string line;
  while (next_line(line)) lines.push_back(line);
  return lines;
}

}  // namespace oairt::test
