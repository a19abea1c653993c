// What was said, kept from events alone: items in order with roles, texts, interruption, function
// calls. Outlives the calls that carried it. Pure: the time is passed in.
// Thread-bound to whoever owns it. Never prints or logs what people say.
//
// Of an interrupted answer only what was heard is kept. The service tells how many milliseconds
// were played (conversation.item.truncated), but not which words: their share of the transcript is
// that of the time, cut at a word. The length of the speech is taken from the response's usage
// (20 audio tokens a second); where that is not known, from the rate at which this voice spoke
// earlier answers, at first kCharactersPerSecond. When nobody tells the milliseconds
// (output_audio_buffer.cleared alone, or the call was lost) they are those between
// output_audio_buffer.started and now.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "conversation/item.h"
#include "conversation/item_list.h"
#include "conversation/responses.h"
#include "protocol/events.h"
#include "protocol/json.h"

namespace oairt {

struct ItemContent;

class Conversation {
 public:
  static constexpr double kCharactersPerSecond = 15;
  // A transcript that is later than this does not hold settled() up; it is taken all the same.
  static constexpr int64_t kTranscriptPatienceMs = 20000;

  explicit Conversation(double characters_per_second = kCharactersPerSecond)
      : speech_rate_(characters_per_second) {}

  // Every event of the call in use, in order. `wall_ms`: milliseconds since 1970. Items that a
  // replay put in are among them: the item with the same id is the same item.
  void handle(const ServerEvent &event, int64_t wall_ms);
  // The call that carried it is over: what was under way is finished as far as it was heard, and
  // the next call has its own ids. A user's turn whose words never came is kept without text.
  void call_ended(int64_t wall_ms);

  const std::vector<ConversationItem> &items() const { return items_.all(); }
  const ConversationItem *find(const std::string &id) const { return items_.find(id); }
  // Grows with each change that a replay would show; tells whether a copy is still up to date.
  uint64_t revision() const { return revision_; }
  // The last turn is the user's (or a function's output), and nothing has answered it. What the
  // user interrupted is an answer, also a response that the client cancelled and one that said
  // nothing. No answer: a response that failed, or was lost with its call, before a word of it was
  // heard; a function call without its output after its call has ended. System notes are no turns.
  bool unanswered() const { return unanswered_turn() != nullptr; }
  // The item that unanswered() is about; null if there is none.
  const ConversationItem *unanswered_turn() const;
  // A quiet moment: nobody speaks (nor is a turn being committed), no response is being made or
  // played, no transcript is still to come, no function that was called since the user's last turn
  // owes its output, and the last turn has been answered, or a response to it has ended in whatever
  // way. A user's item that nobody asks a response for keeps it unsettled. `wall_ms`: now, if it is
  // later than the last event; transcripts are waited for until kTranscriptPatienceMs.
  bool settled(int64_t wall_ms = 0) const;
  // Forgets all items; what the call still says about them is not taken.
  void clear();
  // In place of all that is here: the items of an earlier time, in order. Between calls only.
  void restore(std::vector<ConversationItem> items);
  void set_slot(const std::string &id, int64_t slot);
  // What a function gave, before the service has acknowledged it as an item: kept, and replayed to
  // the next call, from now on.
  void add_output(const std::string &item_id, const std::string &call_id, const std::string &output,
                  int64_t wall_ms);
  // An item that the call in use has brought or will bring does not belong here.
  void refuse(const std::string &id);
  // It was refused, deleted or forgotten: what is told of it is of no interest any more.
  bool is_gone(const std::string &id) const {
    return refused_.count(id) > 0 || items_.is_erased(id);
  }

 private:
  // What is known about an item of the call in use beyond the item itself.
  struct Progress {
    std::string whole;           // of an answer: all that was generated, heard or not
    std::size_t part_begin = 0;  // in `whole`: of the content part under way
    std::optional<int64_t> heard_ms;
    bool heard_is_exact = false;                  // told by the service, not reckoned
    std::optional<ConversationItem::Status> end;  // how it ended; it is still being played
    int64_t first_word_ms = 0;
    std::vector<std::string> parts;  // of a user's turn: the words of each content part
    bool transcribed = false;
  };
  using Status = ConversationItem::Status;
  enum class Speech { None, Speaking, Stopped };
  enum class Transcription { Unknown, On, Off };

  template <typename Other>
  void on(const Other &, int64_t /*wall_ms*/) {}
  void on(const SessionCreated &event, int64_t wall_ms);
  void on(const SessionUpdated &event, int64_t wall_ms);
  void on(const ItemAdded &event, int64_t wall_ms);
  void on(const ItemDone &event, int64_t wall_ms);
  void on(const ItemDeleted &event, int64_t wall_ms);
  void on(const ItemTruncated &event, int64_t wall_ms);
  void on(const SpeechStarted &event, int64_t wall_ms);
  void on(const SpeechStopped &event, int64_t wall_ms);
  void on(const InputCommitted &event, int64_t wall_ms);
  void on(const InputCleared &event, int64_t wall_ms);
  void on(const InputTranscriptDelta &event, int64_t wall_ms);
  void on(const InputTranscriptCompleted &event, int64_t wall_ms);
  void on(const InputTranscriptFailed &event, int64_t wall_ms);
  void on(const ResponseCreated &event, int64_t wall_ms);
  void on(const ResponseDone &event, int64_t wall_ms);
  void on(const OutputItemAdded &event, int64_t wall_ms);
  void on(const OutputItemDone &event, int64_t wall_ms);
  void on(const OutputTranscriptDelta &event, int64_t wall_ms);
  void on(const OutputTranscriptDone &event, int64_t wall_ms);
  void on(const OutputTextDelta &event, int64_t wall_ms);
  void on(const OutputTextDone &event, int64_t wall_ms);
  void on(const FunctionCallDone &event, int64_t wall_ms);
  void on(const OutputAudioStarted &event, int64_t wall_ms);
  void on(const OutputAudioStopped &event, int64_t wall_ms);
  void on(const OutputAudioCleared &event, int64_t wall_ms);

  // Items.
  ConversationItem *put(const Json &json, const std::string &id, const std::string &previous_id,
                        bool is_new, int64_t wall_ms);
  void fill(ConversationItem &item, const ItemContent &content, bool fresh);
  void fill_user(ConversationItem &item, const ItemContent &content, bool fresh);
  void fill_answer(ConversationItem &item, const ItemContent &content);
  void take_images(ConversationItem &item, const std::vector<std::string> &images);
  void finish(ConversationItem &item, Status status, int64_t wall_ms);
  void changed(const ConversationItem &item);
  void keep_for_later(const std::string &item_id, std::size_t bytes,
                      decltype(ServerEvent::body) event);
  void take_kept(const std::string &item_id, int64_t wall_ms);
  void note_transcription(const Json &session);

  // What the user says.
  ConversationItem *user_item(const std::string &id);
  void set_user_part(ConversationItem &item, int64_t index, const std::string &words, bool append);

  // What is answered.
  ConversationItem *answer_item(const std::string &id);
  Progress &progress_of(const ConversationItem &item);
  void add_words(const std::string &response_id, const std::string &item_id,
                 const std::string &delta, bool spoken, int64_t wall_ms);
  bool end_part(const std::string &response_id, const std::string &item_id,
                const std::string &words, bool spoken);  // false: the item is not known
  void show_heard(ConversationItem &item);
  double rate_of(const ConversationItem &item);
  std::size_t characters_of(const Response &response);
  void learn_rate(const Response &response, int64_t wall_ms);
  void playback_over(Response &response, int64_t wall_ms);
  // Of its items in order, as much as fits into that time was heard.
  void reckon_heard(const Response &response, int64_t heard_ms);
  void finish_items(const Response &response, const ResponseDone &event, int64_t wall_ms);
  void lose(ConversationItem &item, int64_t wall_ms);
  std::string last_turn_id() const;
  bool waits_for_transcript(int64_t wall_ms) const;
  bool waits_for_output() const;
  void forget_stale();

  ItemList items_;
  uint64_t revision_ = 0;
  double speech_rate_;  // characters a second
  bool rate_learned_ = false;
  int64_t last_event_ms_ = 0;
  std::size_t grown_bytes_ = 0;  // by the event at hand

  // Of the call in use.
  std::unordered_map<std::string, Progress> progress_;  // by item id
  Responses responses_;
  Speech speech_ = Speech::None;
  Transcription transcription_ = Transcription::Unknown;
  std::string answered_turn_;  // answered by a response that has no item
  std::string tried_turn_;     // of the last response that ended
  std::string pictured_;       // the newest item with pictures
  // Finished words of items that were not announced yet.
  std::deque<std::pair<std::string, ServerEvent>> kept_;
  std::unordered_set<std::string> refused_;
};

}  // namespace oairt
