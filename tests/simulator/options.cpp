#include "options.h"

#include <functional>
#include <limits>

#include <glib.h>

#include "faults.h"

namespace oairt::sim {
namespace {

// Takes the value; a returned text says what would have been right.
using Setter = std::function<std::string(Options &, const std::string &)>;

struct OptionSpec {
  const char *name;
  const char *value;  // how the help calls it; nullptr: the option takes none
  const char *help;
  Setter set;
};
struct OptionGroup {
  const char *title;
  std::vector<OptionSpec> options;
};

template <typename T>
Setter text(T Options::*field) {
  return [field](Options &options, const std::string &value) {
    options.*field = value;
    return std::string();
  };
}

Setter append(std::vector<std::string> Options::*field) {
  return [field](Options &options, const std::string &value) {
    (options.*field).push_back(value);
    return std::string();
  };
}

// A number into whatever `reach` points at.
template <typename Reach>
Setter number(double low, double high, Reach reach) {
  return [=](Options &options, const std::string &value) {
    char *end = nullptr;
    double parsed = g_ascii_strtod(value.c_str(), &end);
    if (value.empty() || *end != '\0' || !(parsed >= low && parsed <= high)) {
      return "a number from " + std::to_string(static_cast<int64_t>(low)) + " to " +
             std::to_string(static_cast<int64_t>(high));
    }
    auto &target = reach(options);
    target = static_cast<std::remove_reference_t<decltype(target)>>(parsed);
    return std::string();
  };
}

Setter percent(double LineOptions::*field) {
  return [field](Options &options, const std::string &value) {
    auto wanted =
        number(0, 100, [&](Options &o) -> double & { return o.line.*field; })(options, value);
    options.line.*field /= 100;
    return wanted;
  };
}

Setter millis(milliseconds SessionSettings::*field) {
  return [field](Options &options, const std::string &value) {
    int64_t count = 0;
    auto wanted = number(0, 600000, [&](Options &) -> int64_t & { return count; })(options, value);
    options.session.*field = milliseconds(count);
    return wanted;
  };
}

template <typename T>
Setter choice(T Options::*field, std::vector<std::pair<std::string, T>> choices) {
  return [field, choices](Options &options, const std::string &value) {
    std::string wanted;
    for (const auto &[name, meaning] : choices) {
      wanted += (wanted.empty() ? "" : " or ") + name;
      if (name == value) {
        options.*field = meaning;
        return std::string();
      }
    }
    return wanted;
  };
}

#define OAIRT_FIELD(expression) \
  [](Options & o) -> auto & { return o.expression; }

OptionGroup network_group() {
  return {
      "Where it listens",
      {{"listen", "ADDRESS", "for HTTP and for media (127.0.0.1)", text(&Options::listen)},
       {"port", "PORT", "for HTTP; 0 picks a free one (8089)", number(0, 65535, OAIRT_FIELD(port))},
       {"udp-port", "PORT", "for media; 0 picks one; the service uses 3478 (0)",
        number(0, 65535, OAIRT_FIELD(udp_port))},
       {"tcp-port", "PORT", "for media; 0 picks one; the service uses 443 (0)",
        number(0, 65535, OAIRT_FIELD(tcp_port))},
       {"advertise", "ADDRESS", "one more address in the answer's candidates (repeatable)",
        append(&Options::advertise)},
       {"advertise-udp-port", "PORT", "in the candidates, behind a NAT or relay; 0: the real one",
        number(0, 65535, OAIRT_FIELD(advertise_udp_port))},
       {"advertise-tcp-port", "PORT", "the same for TCP",
        number(0, 65535, OAIRT_FIELD(advertise_tcp_port))},
       {"dead-candidate", "ADDRESS", "advertised though nobody answers there (repeatable)",
        append(&Options::dead_candidates)},
       {"lost-after", "SECONDS", "a silent client counts as disconnected (5)",
        number(0, 86400, OAIRT_FIELD(disconnected_s))},
       {"gone-after", "SECONDS", "and that much later its call ends (25)",
        number(0, 86400, OAIRT_FIELD(failed_s))},
       {"max-message", "BYTES", "a longer client message closes the channel, without an error",
        number(0, 1e9, OAIRT_FIELD(max_message_bytes))},
       {"loss", "PERCENT", "of the RTP to the client gets lost (0)", percent(&LineOptions::loss)},
       {"jitter", "MS", "of it comes at most that much later, in order (0)",
        [](Options &o, const std::string &v) {
          int64_t ms = 0;
          auto wanted = number(0, 10000, [&](Options &) -> int64_t & { return ms; })(o, v);
          o.line.jitter = milliseconds(ms);
          return wanted;
        }},
       {"reorder", "PERCENT", "of it is overtaken by the packet behind it (0)",
        percent(&LineOptions::reorder)},
       {"dtls-repeat-at-once", nullptr,
        "a repeated DTLS flight is answered at once, as some versions of Pion do; else by a timer",
        [](Options &o, const std::string &) {
          return o.dtls_repeat_at_once = true, std::string();
        }},
       {"ice-restart", nullptr, "201 carries an ETag, PATCH restarts ICE (RFC 9725)",
        [](Options &o, const std::string &) { return o.ice_restart = true, std::string(); }},
       {"ignore-dcid", nullptr, "?dcid= means nothing, as with servers that do not know it",
        [](Options &o, const std::string &) { return o.ignore_dcid = true, std::string(); }}}};
}

OptionGroup service_group() {
  return {"Keys, models, limits",
          {{"api-key", "KEY", "a project key (repeatable); without one: any that begins with sk-",
            append(&Options::api_keys)},
           {"azure", nullptr, "Azure's paths, headers and error bodies, and no others",
            [](Options &o, const std::string &) { return o.azure = true, std::string(); }},
           {"prefix", "PATH", "the API is at PATH/v1, as behind a gateway (/v1)",
            [](Options &o, const std::string &v) {
              o.prefix = v;
              return v.starts_with("/") && !v.ends_with("/") ? "" : std::string("/a/path");
            }},
           {"model", "NAME", "a model beside the real ones (repeatable)", append(&Options::models)},
           {"max-age", "SECONDS", "until session_expired (3600)",
            number(1, 1e7, OAIRT_FIELD(session.max_age_s))},
           {"expiry-close", "HOW", "notify (default), silent or channel: how an expired call ends",
            choice<ExpiryClose>(&Options::expiry_close, {{"notify", ExpiryClose::Notify},
                                                         {"silent", ExpiryClose::Silent},
                                                         {"channel", ExpiryClose::Channel}})},
           {"control-token", "TOKEN", "what /simulator/... asks for as a Bearer token (nothing)",
            text(&Options::control_token)},
           {"log", "FILE", "all it saw as JSON lines; - is standard error", text(&Options::log)},
           {"seed", "NUMBER", "of everything that is random; 0: another one each time (0)",
            number(0, 1e15, OAIRT_FIELD(seed))}}};
}

OptionGroup voice_group() {
  return {
      "Voice",
      {{"voice", "KIND", "speech (espeak-ng, default), echo (what the user said) or tone",
        choice<Voice>(&Options::voice,
                      {{"speech", Voice::Speech}, {"echo", Voice::Echo}, {"tone", Voice::Tone}})},
       {"language", "CODE", "an espeak-ng voice, such as de or fr-fr (en-us)",
        text(&Options::language)},
       {"tone-hz", "HZ", "of the tone (440)", number(50, 20000, OAIRT_FIELD(tone_hz))},
       {"tone-seconds", "SECONDS", "its length (2)", number(0.1, 3600, OAIRT_FIELD(tone_s))},
       {"silence", "HOW", "between answers: frames (default) or gaps, without any RTP",
        choice<AudioOut::Silence>(&Options::silence, {{"frames", AudioOut::Silence::Frames},
                                                      {"gaps", AudioOut::Silence::Gaps}})},
       {"think-time", "MS", "from the end of a turn to the first sound (200)",
        millis(&SessionSettings::think_time)},
       {"generation-speed", "TIMES", "how much faster audio is made than played (4)",
        number(0.1, 1000, OAIRT_FIELD(session.generation_speed))},
       {"vad-level", "DB", "louder than this is speech, at threshold 0.5 (-45)",
        number(-90, 0, OAIRT_FIELD(session.vad_level_db))}}};
}

OptionGroup story_group() {
  return {
      "Story",
      {{"answer", "TEXT", "what the model says (repeatable: one after the other, round and round)",
        [](Options &o, const std::string &v) {
          return o.script.answers.push_back(v), std::string();
        }},
       {"hear", "TEXT", "what a spoken turn is taken to have said (repeatable: in order)",
        [](Options &o, const std::string &v) {
          return o.script.heard.push_back(v), std::string();
        }},
       {"call-tool", "NAME:JSON",
        "a response calls this function, if the session has it (repeatable; +NAME:JSON: in the "
        "same response as the one before)",
        [](Options &o, const std::string &v) {
          return o.script.tool_calls.push_back(parse_tool_call(v)), std::string();
        }},
       {"transcription-delay", "MS", "from the end of a turn to its transcript (250)",
        millis(&SessionSettings::transcription_delay)},
       {"no-sprinkle", nullptr, "no unknown event types, no obfuscation members",
        [](Options &o, const std::string &) { return o.session.sprinkle = false, std::string(); }},
       {"no-audio-done", nullptr, "no response.output_audio.done",
        [](Options &o, const std::string &) {
          return o.session.audio_done_event = false, std::string();
        }},
       {"fault", "NAME[=VALUE][@WHEN][xCOUNT]", "misbehave; see below (repeatable)",
        [](Options &o, const std::string &v) {
          auto fault = parse_fault(v);
          o.faults.push_back(v);
          return fault ? std::string() : "a fault. " + fault.error().message;
        }}}};
}

#undef OAIRT_FIELD

const std::vector<OptionGroup> &groups() {
  static const std::vector<OptionGroup> kGroups = {network_group(), service_group(), voice_group(),
                                                   story_group()};
  return kGroups;
}

const OptionSpec *find_option(const std::string &name) {
  for (const auto &group : groups()) {
    for (const auto &option : group.options) {
      if (name == option.name) return &option;
    }
  }
  return nullptr;
}

Error usage(const std::string &message) {
  return {ErrorCode::Config, message + " Try --help.", {}, {}, {}};
}

std::string padded(const std::string &left, const std::string &right) {
  std::string line = "  " + left;
  line.resize(std::max<std::size_t>(line.size() + 1, 32), ' ');
  return line + right + "\n";
}

}  // namespace

ToolCall parse_tool_call(const std::string &text) {
  bool along = text.starts_with('+');
  std::size_t begin = along ? 1 : 0;
  auto colon = text.find(':');
  if (colon == std::string::npos) return {text.substr(begin), "{}", along};
  return {text.substr(begin, colon - begin), text.substr(colon + 1), along};
}

Result<CommandLine> parse_command_line(const std::vector<std::string> &arguments) {
  CommandLine line;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    line.help |= argument == "--help" || argument == "-h";
    line.version |= argument == "--version";
    if (line.help || line.version) return line;
    if (!argument.starts_with("--")) return usage("'" + argument + "' is no option.");
    auto equals = argument.find('=');
    std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const OptionSpec *option = find_option(name);
    if (option == nullptr) return usage("There is no option '--" + name + "'.");
    std::string value;
    if (option->value == nullptr) {
      if (equals != std::string::npos) return usage("--" + name + " takes no value.");
    } else if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return usage("--" + name + " needs a value: " + option->value + ".");
    }
    std::string wanted = option->set(line.options, value);
    if (!wanted.empty()) return usage("--" + name + " takes " + wanted + ".");
  }
  return line;
}

std::string help_text() {
  std::string text =
      "openai-realtime-simulator: the OpenAI Realtime API over WebRTC, on this machine.\n"
      "It needs no key and no network. It hears (by loudness), speaks and misbehaves on demand.\n\n"
      "Usage: openai-realtime-simulator [OPTION]...\n\n"
      "Once it listens, it prints one line of JSON with its address and ports, e.g.\n"
      "  {\"listening\":\"http://127.0.0.1:8089/v1\",\"port\":8089,\"udp_port\":40001,...}\n"
      "SIGTERM or SIGINT ends it.\n";
  for (const auto &group : groups()) {
    text += std::string("\n") + group.title + ":\n";
    for (const auto &option : group.options) {
      std::string left = std::string("--") + option.name;
      if (option.value != nullptr) left += std::string(" ") + option.value;
      text += padded(left, option.help);
    }
  }
  text +=
      "\nFaults, as --fault NAME[=VALUE][@WHEN][xCOUNT] or POST /simulator/faults:\n"
      "  COUNT is how often it strikes (1; x0: always). WHEN is a number of seconds - after the\n"
      "  start, or, for what is done to a call, after its data channel opened - or a point of a\n"
      "  call's life: answer, ice, dtls, open, update, item, response, speaking, speech;\n"
      "  item:5 is the fifth time, response+0.5 is half a second later.\n"
      "  KIND of an error: 400 401 403 404 429 429:SECONDS 500 502 503 quota expired empty html\n"
      "  model invalid_offer\n";
  for (const auto &kind : fault_kinds()) {
    std::string left = kind.name;
    if (*kind.value != '\0') left += std::string("=") + kind.value;
    text += padded(left, kind.help);
  }
  return text +
         "\nControl while it runs (JSON over HTTP):\n"
         "  GET  /simulator/state                     calls, items, what was heard\n"
         "  GET|POST|DELETE /simulator/faults         {\"fault\": \"calls_error=503x2\"}\n"
         "  POST /simulator/script                    {\"answers\": [], \"hear\": [], "
         "\"call_tools\": []}\n"
         "  POST /simulator/sessions/{id or *}/ACTION {\"value\": \"...\"}; the actions are the\n"
         "       faults that are done to a running call: close_channel, silent, say, expire, ...\n"
         "\nExamples:\n"
         "  openai-realtime-simulator --log -\n"
         "  openai-realtime-simulator --port 0 --voice tone --api-key sk-test\n"
         "  openai-realtime-simulator --hear 'My name is Ada.' --hear 'Do you remember me?'\n"
         "  openai-realtime-simulator --fault calls_error=429:2x3 --fault close_notify@10\n"
         "  openai-realtime-simulator --fault silent@item:5 --fault blackhole=4@speaking+1\n"
         "  curl -d '{\"value\":\"Hello!\"}' http://127.0.0.1:8089/simulator/sessions/*/say\n";
}

}  // namespace oairt::sim
