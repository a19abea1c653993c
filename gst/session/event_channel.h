// Which kind of event channel a call asks for: one that both sides know beforehand (?dcid=), or one
// that the client opens. Remembers for the process which servers do not know the first kind.
// Thread-safe.
// Never asks a server again that has ignored or refused it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "session/config.h"

namespace oairt {

// The stream that OpenAI's own documents use.
inline constexpr uint16_t kEventStream = 4;

// https://api.openai.com/v1 and its regions; not Azure, not another server, not a gateway.
bool is_openai_service(const std::string &base_url);

// The stream of a channel that is negotiated; nothing: the channel is to be opened.
std::optional<uint16_t> event_stream_for(const Config &config);

// This server is called with channels that are opened from now on.
void remember_opened_channels(const std::string &base_url);

}  // namespace oairt
