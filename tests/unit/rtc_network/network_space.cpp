#include "network_space.h"

#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <gst/check/gstcheck.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace oairt::test {
namespace {

int open_here() { return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

bool succeeds(const char *command) { return WEXITSTATUS(std::system(command)) == 0; }

}  // namespace

const char *why_no_network_space() {
  if (geteuid() != 0) return "not root: a network namespace cannot be made";
  if (!succeeds("command -v ip >/dev/null")) return "no command ip";
  pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWNET) == 0 ? 0 : 1);
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    return "the kernel gives no network namespace";
  }
  return nullptr;
}

NetworkSpace::NetworkSpace() {
  fail_unless(unshare(CLONE_NEWNET) == 0);
  far_ = open_here();
  fail_unless(unshare(CLONE_NEWNET) == 0);
  near_ = open_here();
  run("ip link set lo up");
  run_far("ip link set lo up");
}

NetworkSpace::~NetworkSpace() {
  close(near_);
  close(far_);
}

void NetworkSpace::run(const std::string &commands) {
  std::istringstream lines(commands);
  std::string line, far = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(far_);
  while (std::getline(lines, line)) {
    std::size_t at = line.find("@far");
    if (at != std::string::npos) line.replace(at, 4, far);
    fail_unless(std::system(line.c_str()) == 0, "\"%s\" failed", line.c_str());
  }
}

void NetworkSpace::in_far(const std::function<void()> &task) {
  fail_unless(setns(far_, CLONE_NEWNET) == 0);
  task();
  fail_unless(setns(near_, CLONE_NEWNET) == 0);
}

void NetworkSpace::run_far(const std::string &commands) {
  in_far([&] { run(commands); });
}

}  // namespace oairt::test
