// The types of event that the service takes from clients.
// Thread-safe: constant data.
// Never grows by guessing: they are those of its documentation.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace oairt {

constexpr std::array<std::string_view, 12> kClientTypes = {"session.update",
                                                           "conversation.item.create",
                                                           "conversation.item.retrieve",
                                                           "conversation.item.truncate",
                                                           "conversation.item.delete",
                                                           "input_audio_buffer.append",
                                                           "input_audio_buffer.commit",
                                                           "input_audio_buffer.clear",
                                                           "output_audio_buffer.clear",
                                                           "response.create",
                                                           "response.cancel",
                                                           "transcription_session.update"};

inline bool is_client_type(std::string_view type) {
  return std::find(kClientTypes.begin(), kClientTypes.end(), type) != kClientTypes.end();
}

inline std::string client_types_text() {
  std::string list;
  for (auto type : kClientTypes) list += (list.empty() ? "'" : ", '") + std::string(type) + "'";
  return list;
}

}  // namespace oairt
