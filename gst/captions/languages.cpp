#include <array>
#include <string>
#include <utility>

#include <glib.h>

#include "captions/spelling.h"

namespace oairt::captions {
namespace {

// What a text is full of in a language, and hardly in the others.
constexpr std::pair<Language, std::string_view> kCommon[] = {
    {Language::English,
     " the and of to is you that it in for are was with have this not can i what your my on be do "
     "how yes sorry please from by at or but if when because which who than then so after before "
     "over "
     "under between into until about while where will would could should does did has had were he "
     "she they we me him them his her our their its as an there here "},
    {Language::German,
     " der die das und ist ich nicht sie ein eine zu den mit für auf es wie was im von aber guten "
     "ja kann bitte aber oder wenn weil dass als bei bis nach aus um am vom zum zur durch über "
     "unter "
     "sind hat haben wird werden kein keine dem des er wir man "},
    {Language::French,
     " le la les et est je vous un une des pour dans que pas il de du en ce qui bonjour oui merci "
     "suis avec par sur sous ou où mais si quand au aux se son sa ses ne plus elle nous on sont a "
     "à y "},
    {Language::Spanish,
     " el la los las y es de que en un una por con para no su lo sí está qué buenos hola gracias "
     "del se muy o pero si cuando al como sobre entre hasta desde e mi tu su sus le lo ha "},
    {Language::Italian,
     " il la che di e è un una per non sono con del lo gli le si da come buongiorno grazie nel "
     "alla "
     "ma più o se quando al dal della dei delle nella su tra fra poi i a ha "},
    {Language::Portuguese,
     " o a os as e é de que em um uma para não com do da você por no na se obrigado bom como está "
     "mais ou mas quando ao à pelo pela sobre entre até "},
    {Language::Russian,
     " и в не на я что с он как это по вы из за у но к так для чем же от до мне вас пожалуйста "
     "или если когда через после перед под над о об при со во мы они она "},
    {Language::Other, " els i el la amb per una és que del què no als les us molt "},
    {Language::Other,
     " i w na nie się jest de het een en van is ik niet je dat og det er på som a v že ve se ja on "
     "ei että "},
};

}  // namespace

Language language_of(std::string_view text) {
  std::array<int, std::size(kCommon)> counts{};
  std::string word = " ";
  auto count = [&] {
    word += ' ';
    for (std::size_t i = 0; word.size() > 2 && i < std::size(kCommon); ++i) {
      counts[i] += kCommon[i].second.find(word) != std::string_view::npos ? 1 : 0;
    }
    word.resize(1);
  };
  const char *end = text.data() + text.size();
  for (const char *at = text.data(); at < end; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (g_unichar_isalpha(c)) {
      char bytes[6];
      word.append(bytes, static_cast<std::size_t>(g_unichar_to_utf8(g_unichar_tolower(c), bytes)));
    } else {
      count();
    }
  }
  count();
  std::size_t best = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) best = counts[i] > counts[best] ? i : best;
  return counts[best] > 0 ? kCommon[best].first : Language::Unknown;
}

bool is_small_word(std::string_view word, Language language) {
  gchar *lower = g_utf8_strdown(word.data(), static_cast<gssize>(word.size()));
  std::string whole = std::string(" ") + lower + " ";
  g_free(lower);
  for (const auto &[of, words] : kCommon) {
    if (of == language && words.find(whole) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace oairt::captions
