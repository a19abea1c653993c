#include "captions/numbers.h"

#include <algorithm>
#include <cstdlib>

namespace oairt::captions {
namespace {

struct Numerals {
  const char *small[20];
  const char *tens[10];
  const char *hundred, *thousand, *million;
  const char *point;
  const char *joiner;     // between tens and ones
  bool ones_first;        // fünfundzwanzig
  bool by_twenties;       // soixante-dix, quatre-vingt
  bool one_of_them;       // one hundred, not only hundred
  bool point_is_point;    // 2.5 has decimals, 2,500 has thousands
  const char *signs[10];  // as kSigns has them
};
constexpr const char *kSigns = "%$€£¥+&@=°";

constexpr Numerals kEnglish = {
    {"zero",     "one",     "two",     "three",     "four",     "five",    "six",
     "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
     "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"},
    {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"},
    "hundred",
    "thousand",
    "million",
    "point",
    "",
    false,
    false,
    true,
    true,
    {"percent", "dollars", "euros", "pounds", "yen", "plus", "and", "at", "equals", "degrees"}};
constexpr Numerals kGerman = {
    {"null",     "eins",     "zwei",     "drei",     "vier",     "fünf",    "sechs",
     "sieben",   "acht",     "neun",     "zehn",     "elf",      "zwölf",   "dreizehn",
     "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"},
    {"", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig",
     "neunzig"},
    "hundert",
    "tausend",
    "millionen",
    "komma",
    "und",
    true,
    false,
    true,
    false,
    {"prozent", "dollar", "euro", "pfund", "jen", "plus", "und", "ätt", "gleich", "grad"}};
constexpr Numerals kFrench = {
    {"zéro",     "un",     "deux",  "trois",       "quatre",      "cinque",   "sisse",
     "sette",    "huitte", "neuf",  "disse",       "onze",        "douze",    "treize",
     "quatorze", "quinze", "seize", "disse sette", "dise huitte", "dise neuf"},
    {"", "", "vingte", "trente", "quarante", "cinquante", "soissante", "", "quatre vingt", ""},
    "cent",
    "mille",
    "million",
    "virgule",
    "",
    false,
    true,
    false,
    false,
    {"pour cent", "dollar", "euro", "livre", "yène", "plusse", "et", "arobase", "égal", "degré"}};
constexpr Numerals kSpanish = {
    {"cero",    "uno",    "dos",       "tres",       "cuatro",    "cinco",     "seis",
     "siete",   "ocho",   "nueve",     "diez",       "once",      "doce",      "trece",
     "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve"},
    {"", "", "veinte", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta",
     "noventa"},
    "cientos",
    "mil",
    "millones",
    "coma",
    "y",
    false,
    false,
    false,
    false,
    {"por ciento", "dólares", "euros", "libras", "yenes", "más", "y", "arroba", "igual", "grados"}};
constexpr Numerals kItalian = {
    {"zero",        "uno",      "due",    "tre",         "quattro",  "cinque",    "sei",
     "sette",       "otto",     "nove",   "dieci",       "undici",   "dodici",    "tredici",
     "quattordici", "quindici", "sedici", "diciassette", "diciotto", "diciannove"},
    {"", "", "venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta",
     "novanta"},
    "cento",
    "mila",
    "milioni",
    "virgola",
    "",
    false,
    false,
    false,
    false,
    {"per cento", "dollari", "euro", "sterline", "ien", "più", "e", "chiocciola", "uguale",
     "gradi"}};
constexpr Numerals kPortuguese = {
    {"zero",    "um",     "dois",      "três",      "quatro",  "cinco",   "seis",
     "sete",    "oito",   "nove",      "dez",       "onze",    "doze",    "treze",
     "catorze", "quinze", "dezesseis", "dezessete", "dezoito", "dezenove"},
    {"", "", "vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta",
     "noventa"},
    "centos",
    "mil",
    "milhões",
    "vírgula",
    "e",
    false,
    false,
    false,
    false,
    {"por cento", "dólares", "euros", "libras", "ienes", "mais", "e", "arroba", "igual", "graus"}};
constexpr Numerals kRussian = {
    {"ноль",       "один",        "два",        "три",          "четыре",
     "пять",       "шесть",       "семь",       "восемь",       "девять",
     "десять",     "одиннадцать", "двенадцать", "тринадцать",   "четырнадцать",
     "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"},
    {"", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят",
     "девяносто"},
    "сот",
    "тысяч",
    "миллионов",
    "запятая",
    "",
    false,
    false,
    false,
    false,
    {"процентов", "долларов", "евро", "фунтов", "иен", "плюс", "и", "собака", "равно", "градусов"}};

const Numerals *numerals_of(Language language) {
  switch (language) {
    case Language::English:
      return &kEnglish;
    case Language::German:
      return &kGerman;
    case Language::French:
      return &kFrench;
    case Language::Spanish:
      return &kSpanish;
    case Language::Italian:
      return &kItalian;
    case Language::Portuguese:
      return &kPortuguese;
    case Language::Russian:
      return &kRussian;
    default:
      return nullptr;
  }
}

struct Speaker {
  const Numerals &has;
  bool plain;  // without signs within: it may be a year
  std::string text;

  void say(const char *word) {
    if (*word == '\0') return;
    text += text.empty() ? "" : " ";
    text += word;
  }
  void below_hundred(int value) {
    if (value < 20) return say(has.small[value]);
    int tens = value / 10, ones = value % 10;
    if (has.by_twenties && (tens == 7 || tens == 9)) {
      say(has.tens[tens - 1]);
      return say(has.small[10 + ones]);
    }
    if (has.ones_first && ones > 0) {
      say(ones == 1 ? "ein" : has.small[ones]);
      say(has.joiner);
    }
    say(has.tens[tens]);
    if (has.ones_first || ones == 0) return;
    say(has.joiner);
    say(has.small[ones]);
  }
  void many(int count, const char *what) {
    if (count > 1) cardinal(count);
    if (count == 1 && has.one_of_them) say(has.ones_first ? "ein" : has.small[1]);
    say(what);
  }
  void cardinal(int value) {
    if (value >= 1000000) many(value / 1000000, has.million);
    if (value >= 1000000 && value % 1000000 == 0) return;
    value %= 1000000;
    if (value >= 1000) many(value / 1000, has.thousand);
    if (value >= 1000 && value % 1000 == 0) return;
    value %= 1000;
    if (value >= 100) many(value / 100, has.hundred);
    if (value >= 100 && value % 100 == 0) return;
    below_hundred(value % 100);
  }
  void each_digit(std::string_view digits) {
    for (char digit : digits) say(has.small[digit - '0']);
  }
  void whole(std::string_view digits) {
    if (digits.size() > 9 || (digits.size() > 1 && digits[0] == '0')) return each_digit(digits);
    int value = std::atoi(std::string(digits).c_str());
    bool named_by_hundreds = plain && (&has == &kEnglish || &has == &kGerman);
    if (!named_by_hundreds || digits.size() != 4 || value < 1100 || value > 2099 ||
        (value >= 2000 && (value < 2010 || &has == &kGerman))) {
      return cardinal(value);
    }
    below_hundred(value / 100);
    if (value % 100 == 0 || &has == &kGerman) say(has.hundred);
    if (value % 100 > 0) below_hundred(value % 100);
  }
};

bool in_threes(std::string_view rest) {
  return rest.size() >= 4 && (rest.size() == 4 || !std::isdigit(rest[4]));
}

}  // namespace

std::string number_words(std::string_view number, Language language) {
  const Numerals *numerals = numerals_of(language);
  if (numerals == nullptr) return "";
  Speaker speaker{*numerals, number.find_first_not_of("0123456789") == std::string_view::npos, ""};
  std::string digits;
  bool decimals = false;
  auto close = [&] {
    if (digits.empty()) return;
    if (decimals) {
      speaker.each_digit(digits);
    } else {
      speaker.whole(digits);
    }
    digits.clear();
  };
  for (std::size_t i = 0; i < number.size(); ++i) {
    char c = number[i];
    if (c >= '0' && c <= '9') {
      digits += c;
      continue;
    }
    bool decimal_sign = c == (numerals->point_is_point ? '.' : ',');
    if (!decimal_sign && c != ':' && in_threes(number.substr(i))) continue;
    close();
    if (c == ':' && number.substr(i + 1) == "00") return speaker.text;
    if (c == ':') continue;
    if (c == '.' || c == ',') speaker.say(numerals->point);
    decimals = true;
  }
  close();
  return speaker.text;
}

std::string sign_word(gunichar sign, Language language) {
  const Numerals *numerals = numerals_of(language);
  const char *found = sign == 0 ? nullptr : g_utf8_strchr(kSigns, -1, sign);
  if (numerals == nullptr || found == nullptr) return "";
  return numerals->signs[g_utf8_pointer_to_offset(kSigns, found)];
}

}  // namespace oairt::captions
