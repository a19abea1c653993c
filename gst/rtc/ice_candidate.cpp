#include "rtc/ice_candidate.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <gio/gio.h>

#include "base/ref.h"

namespace oairt {
namespace {

constexpr std::size_t kMaxLine = 512;
constexpr std::size_t kMaxFoundation = 32;

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    std::size_t end = line.find(' ');
    if (std::string_view word = line.substr(0, end); !word.empty()) words.push_back(word);
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return words;
}

template <typename Number>
bool parse_number(std::string_view text, Number &number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool equal_nocase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) ==
                  std::tolower(static_cast<unsigned char>(y));
         });
}

bool strip(std::string_view &line, std::string_view prefix) {
  if (line.substr(0, prefix.size()) != prefix) return false;
  line.remove_prefix(prefix.size());
  return true;
}

bool valid_foundation(std::string_view text) {
  return !text.empty() && text.size() <= kMaxFoundation &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/';
         });
}

CandidateFault check_address(std::string &text) {
  Ref<GInetAddress> address =
      Ref<GInetAddress>::adopt(g_inet_address_new_from_string(text.c_str()));
  if (!address) return CandidateFault::Hostname;
  bool broadcast = text == "255.255.255.255";
  if (g_inet_address_get_is_any(address.get()) || g_inet_address_get_is_multicast(address.get()) ||
      g_inet_address_get_is_link_local(address.get()) || broadcast) {
    return CandidateFault::BadAddress;
  }
  text = GString_(g_inet_address_to_string(address.get())).get();
  return CandidateFault::None;
}

std::optional<IceCandidate::Type> parse_type(std::string_view text) {
  if (text == "host") return IceCandidate::Type::Host;
  if (text == "srflx") return IceCandidate::Type::ServerReflexive;
  if (text == "prflx") return IceCandidate::Type::PeerReflexive;
  if (text == "relay") return IceCandidate::Type::Relay;
  return std::nullopt;
}

ParsedCandidate fault(CandidateFault what) { return {std::nullopt, what}; }

}  // namespace

ParsedCandidate parse_candidate(std::string_view line) {
  if (line.size() > kMaxLine) return fault(CandidateFault::Malformed);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  strip(line, "a=");
  strip(line, "candidate:");
  std::vector<std::string_view> words = split(line);
  // foundation component transport priority address port "typ" type [name value]...
  if (words.size() < 8 || words.size() % 2 != 0 || words[6] != "typ") {
    return fault(CandidateFault::Malformed);
  }
  IceCandidate candidate;
  unsigned component = 0;
  auto type = parse_type(words[7]);
  if (!valid_foundation(words[0]) || !parse_number(words[1], component) ||
      !parse_number(words[3], candidate.priority) || !parse_number(words[5], candidate.port) ||
      !type || candidate.port == 0) {
    return fault(CandidateFault::Malformed);
  }
  candidate.foundation = words[0];
  candidate.address = words[4];
  candidate.type = *type;
  if (component != 1) return fault(CandidateFault::Unsupported);
  std::string_view tcp_type;
  for (std::size_t i = 8; i + 1 < words.size(); i += 2) {
    if (words[i] == "tcptype") tcp_type = words[i + 1];
  }
  if (equal_nocase(words[2], "tcp")) {
    // Only a peer that listens can be reached: the offer names no address of ours to connect to.
    if (tcp_type != "passive") return fault(CandidateFault::Unsupported);
    candidate.transport = IceCandidate::Transport::TcpPassive;
  } else if (!equal_nocase(words[2], "udp")) {
    return fault(CandidateFault::Unsupported);
  }
  if (CandidateFault bad = check_address(candidate.address); bad != CandidateFault::None) {
    return fault(bad);
  }
  return {std::move(candidate), CandidateFault::None};
}

bool is_loopback_address(const std::string &text) {
  Ref<GInetAddress> address =
      Ref<GInetAddress>::adopt(g_inet_address_new_from_string(text.c_str()));
  return address && g_inet_address_get_is_loopback(address.get());
}

const char *to_string(CandidateFault fault) {
  switch (fault) {
    case CandidateFault::None:
      return "none";
    case CandidateFault::Malformed:
      return "malformed";
    case CandidateFault::Unsupported:
      return "unsupported";
    case CandidateFault::Hostname:
      return "a name in place of an address";
    case CandidateFault::BadAddress:
      return "not a unicast address";
  }
  return "?";
}

bool IceCandidateList::add(std::string_view line) {
  ParsedCandidate parsed = parse_candidate(line);
  last_fault_ = parsed.fault;
  if (!parsed.candidate || list_.size() >= kMax) {
    ++ignored_;
    return false;
  }
  for (const IceCandidate &known : list_) {
    if (known.same_target(*parsed.candidate)) return false;
  }
  list_.push_back(std::move(*parsed.candidate));
  return true;
}

std::vector<IceCandidate> IceCandidateList::with(IceCandidate::Transport transport) const {
  std::vector<IceCandidate> out;
  for (const IceCandidate &candidate : list_) {
    if (candidate.transport == transport) out.push_back(candidate);
  }
  return out;
}

}  // namespace oairt
