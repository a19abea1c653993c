// How a simulator is set up: by the program's command line, or by a test in its own words.
// Thread-safe: plain values.
// Never reads the environment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audio_out.h"
#include "base/result.h"
#include "script.h"
#include "session_host.h"
#include "transport/transport.h"

namespace oairt::sim {

enum class Voice { Speech, Echo, Tone };
enum class ExpiryClose { Notify, Silent, Channel };

struct Options {
  std::string listen = "127.0.0.1";
  uint16_t port = 8089;  // 0: any free one
  uint16_t udp_port = 0, tcp_port = 0;
  uint16_t advertise_udp_port = 0, advertise_tcp_port = 0;  // 0: the real ones
  std::vector<std::string> advertise, dead_candidates;
  LineOptions line;
  bool dtls_repeat_at_once = false;
  double disconnected_s = 5, failed_s = 25;
  std::size_t max_message_bytes = 0;  // longer ones close the channel; 0: no limit

  std::vector<std::string> api_keys;  // none: any that begins with "sk-"
  std::string control_token;
  bool azure = false;
  std::string prefix;               // of the API's paths, "/speech"
  std::vector<std::string> models;  // beside the real ones
  std::string log;                  // none: no log
  uint64_t seed = 0;                // 0: another one each time

  Voice voice = Voice::Speech;
  std::string language = "en-us";
  double tone_hz = 440, tone_s = 2;
  AudioOut::Silence silence = AudioOut::Silence::Frames;
  Script script;
  SessionSettings session;
  ExpiryClose expiry_close = ExpiryClose::Notify;

  bool ice_restart = false;
  bool ignore_dcid = false;  // ?dcid= is taken for nothing: the client has to open its channel
  std::vector<std::string> faults;  // as on the command line
};

struct CommandLine {
  Options options;
  bool help = false, version = false;
};

// The error is a sentence for the user.
Result<CommandLine> parse_command_line(const std::vector<std::string> &arguments);
std::string help_text();

// "NAME:JSON"; the JSON may be left out.
ToolCall parse_tool_call(const std::string &text);

}  // namespace oairt::sim
