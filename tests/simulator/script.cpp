#include "script.h"

#include <cstdio>

#include <glib.h>

#include "base/ref.h"

namespace oairt::sim {
namespace {

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", seconds);
  return text;
}

bool asks_for_history(const std::string &text) {
  Unique<gchar, g_free> folded(g_utf8_strdown(text.data(), static_cast<gssize>(text.size())));
  std::string lower(folded.get());
  for (const char *word : {"repeat", "remember", "what did i say"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

// The newest item that a model would answer to.
const Item *newest_input(const std::list<Item> &items) {
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (item->role() == "user" || item->type() == "function_call_output") return &*item;
  }
  return nullptr;
}

std::string history_answer(const std::list<Item> &items, const Item &question) {
  std::string list;
  int count = 0;
  for (const auto &item : items) {
    if (item.role() != "user" || item.words.empty() || &item == &question) continue;
    list += (count++ == 0 ? " " : "; ") + item.words;
  }
  if (count == 0) return "You have said nothing before that.";
  return "You said before:" + list + (list.ends_with('.') || list.ends_with('?') ? "" : ".");
}

}  // namespace

std::string Script::take_heard(double seconds) {
  if (heard.empty()) return "(" + seconds_text(seconds) + " seconds of speech)";
  std::string text = heard.front();
  heard.pop_front();
  return text;
}

std::string Script::answer(const Prompt &prompt) {
  const Item *question = prompt.items == nullptr ? nullptr : newest_input(*prompt.items);
  if (question != nullptr && asks_for_history(question->words)) {
    return history_answer(*prompt.items, *question);
  }
  if (!answers.empty()) return answers[next_answer_++ % answers.size()];
  std::string number = " This is answer number " + std::to_string(prompt.answer_number) + ".";
  if (question == nullptr) return "Hello." + number;
  if (question->type() == "function_call_output") {
    return "The function returned " + question->json["output"].as_string() + "." + number;
  }
  if (question->has_audio) {
    return "I heard " + seconds_text(prompt.heard_seconds) + " seconds of speech." + number;
  }
  return "You wrote: \"" + question->words + "\"." + number;
}

}  // namespace oairt::sim
