// The program: reads the command line, prints where it listens, runs until it is told to stop.
#include <cstdio>
#include <string>
#include <vector>

#include <glib-unix.h>

#include "simulator.h"

namespace {

gboolean quit(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop *>(loop));
  return G_SOURCE_CONTINUE;
}

int complain(const oairt::Error &error) {
  std::fprintf(stderr, "openai-realtime-simulator: %s\n", error.message.c_str());
  if (!error.detail.empty()) std::fprintf(stderr, "  (%s)\n", error.detail.c_str());
  return 2;
}

}  // namespace

int main(int argc, char *argv[]) {
  auto line = oairt::sim::parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  if (!line) return complain(line.error());
  if (line->help) {
    std::fputs(oairt::sim::help_text().c_str(), stdout);
    return 0;
  }
  if (line->version) {
    std::puts("openai-realtime-simulator " OAIRT_VERSION);
    return 0;
  }
  auto simulator = oairt::sim::Simulator::start(g_main_context_default(), line->options);
  if (!simulator) return complain(simulator.error());
  std::puts(simulator.value()->listening().dump().c_str());
  std::fflush(stdout);
  GMainLoop *loop = g_main_loop_new(nullptr, FALSE);
  g_unix_signal_add(SIGTERM, &quit, loop);
  g_unix_signal_add(SIGINT, &quit, loop);
  g_main_loop_run(loop);
  simulator.value().reset();
  g_main_loop_unref(loop);
  return 0;
}
