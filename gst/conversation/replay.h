// Turns a conversation into the events that put it into an empty session of the service: order,
// roles, ids and lengths as the service accepts them. Pure.
// Never plans an item that the service is known to refuse.
//
// What is replayed: user's text (typed, or the transcript of what was said) and images (data URLs
// of PNG and JPEG; only the newest are kept, of others a note), system notes, the assistant's words
// as text, function calls with their outputs. Left out: what is not finished, turns without words,
// a call without its output and an output without its call. Of a text that is too long the
// beginning is kept.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conversation/conversation.h"
#include "protocol/events.h"

namespace oairt {

// The item that stands for what was cut.
constexpr const char *kSummaryId = "oairt_summary";

struct ReplayLimits {
  std::size_t max_items = 1000;              // newest are kept
  std::size_t max_characters = 200000;       // of all texts together
  std::size_t max_item_characters = 100000;  // of one; the service takes 256,000
  std::size_t max_event_bytes = 65535;       // of one event on the data channel
  // Told as a system note before the oldest item, when older ones were cut by these limits.
  std::string summary;
};

struct ReplayPlan {
  // In order, each with its own event_id ("oairt_replay_N") and item id (at most 32 characters).
  std::vector<ClientEvent> events;
  std::vector<std::string> item_ids;  // of `events`, in the same order
  // The user's turn (or function's output) that comes last got no answer: a response is to be
  // asked for, when all is put in. Only if the session has the turn.
  bool answer_needed = false;
  std::size_t left_out = 0;  // items that did not fit, are not finished or had nothing to say
};

// The whole conversation, behind the summary if there is one. When its call is lost, tell it so
// first (call_ended).
ReplayPlan plan_replay(const Conversation &conversation, const ReplayLimits &limits = {});
// What was finished after an earlier plan: brings a session up to date that was given it.
// `known_ids`: item_ids of the plans given before. What comes before the first of them stays left
// out. An item is put behind the one it follows (previous_item_id) where that is not the last.
ReplayPlan plan_update(const Conversation &conversation, const std::vector<std::string> &known_ids,
                       const ReplayLimits &limits = {});

// A function's output with its call, for a session that has neither: behind all else. Empty if one
// of them is not there or does not fit.
ReplayPlan plan_output(const Conversation &conversation, const std::string &output_id,
                       const ReplayLimits &limits = {});

}  // namespace oairt
