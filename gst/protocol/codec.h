// JSON text <-> events. Total: hostile text is an error, an unknown type is a value.
// Thread-safe: pure functions. Never keeps or logs what it reads.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/events.h"

namespace oairt {

// Text that is no JSON object, or has no string "type", is an ErrorCode::Protocol.
Result<ServerEvent> parse_server_event(std::string_view text);
std::string build_client_event(const ClientEvent &event);

// Checks what an application wants to send: an object with a type that the service knows from
// clients and the members that it needs, of their types, at most `max_size` bytes. The error says
// what is wrong. Members and kinds of items that are not known pass.
Status check_client_event(std::string_view text, std::size_t max_size);

// Why a client event was refused, in the service's own words.
struct ClientEventRefusal {
  std::string code, message, param, client_event_id;
};
// The simulator's side of it.
std::variant<ClientEvent, ClientEventRefusal> parse_client_event(std::string_view text);

}  // namespace oairt
