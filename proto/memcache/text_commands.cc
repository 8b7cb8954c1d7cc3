#include "proto/memcache/text_commands.h"

#include <algorithm>
#include <array>
#include <limits>

#include "proto/limits.h"
#include "proto/memcache/decimal.h"
#include "proto/memcache/expiry.h"
#include "proto/memcache/item_size.h"
#include "proto/memcache/replication_command.h"
#include "proto/memcache/text_replies.h"
#include "proto/memcache/text_words.h"
#include "proto/version.h"

namespace twincached {
namespace {

struct CommandRow;

// A line on its way through its command's function.
struct Line {
  const CommandRow& row;
  absl::string_view rest;  // behind the command's name
  const TextWords* words;  // the whole line; null for commands with any number of words
  const TextContext& context;
  Request* request;

  absl::string_view word(size_t index) const { return (*words)[index]; }
};

using CommandFunction = LineResult (*)(const Line&);

constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

struct CommandRow {
  absl::string_view name;
  Op op;
  ReplyForm form;
  size_t words_min;  // the name included
  size_t words_max;  // kAnyNumber: the function looks at `rest` instead of `words`
  CommandFunction parse;
};

// The reply is `text`, noreply or not.
LineResult Answer(absl::string_view text, Request* request) {
  request->kind = RequestKind::kImmediate;
  request->form = ReplyForm::kFixed;
  request->text = text;
  return {LineOutcome::kRequest};
}

// The reply to a mistake: nothing in a noreply command.
LineResult Fail(absl::string_view text, const Line& line) {
  if (line.request->noreply) return {LineOutcome::kSilent};
  return Answer(text, line.request);
}

void ReadNoreply(const Line& line) { line.request->noreply = line.words->back() == "noreply"; }

// Takes the first argument as the key.
bool ReadKey(const Line& line) {
  const absl::string_view key = line.word(1);
  line.request->command.key = key;
  return key.size() <= kKeyBytesMax;
}

bool KeysAreValid(absl::string_view keys) {
  for (;;) {
    const absl::string_view key = TakeWord(&keys);
    if (key.empty()) return true;
    if (key.size() > kKeyBytesMax) return false;
  }
}

LineResult ParseRetrieval(const Line& line) {
  absl::string_view rest = line.rest;
  SkipSpaces(&rest);
  if (rest.empty()) return Answer(text_replies::kError, line.request);
  if (line.row.op == Op::kGat) {
    int32_t exptime;
    if (!ParseInt32(TakeWord(&rest), &exptime))
      return Answer(text_replies::kBadExptime, line.request);
    line.request->command.expiry_ms = ExpiryMs(exptime, line.context.clock);
    SkipSpaces(&rest);
    if (rest.empty()) return Answer(text_replies::kEnd, line.request);
  }
  // A bad key anywhere in the line is the only answer to the line: no key is looked up.
  if (!KeysAreValid(rest)) return Answer(text_replies::kBadFormat, line.request);
  return {LineOutcome::kKeys, 0, rest};
}

// The value will be thrown away. A failed `set` takes the old item with it, so that nobody reads
// what the client believes to be overwritten; the other commands leave it.
LineResult RefuseTooLarge(const Line& line, size_t data_bytes) {
  Request* const request = line.request;
  if (line.row.op != Op::kSet) {
    LineResult result = Fail(text_replies::kTooLarge, line);
    result.data_bytes = data_bytes;
    return result;
  }
  request->command.op = Op::kDiscard;
  request->form = ReplyForm::kFixed;
  request->text = text_replies::kTooLarge;
  return {LineOutcome::kRequest, data_bytes};
}

struct StorageNumbers {
  uint32_t client_flags;
  int32_t exptime;
  int32_t value_bytes;
  uint64_t cas = 0;
};

bool ReadStorageNumbers(const Line& line, StorageNumbers* numbers) {
  constexpr int32_t kValueBytesMax = std::numeric_limits<int32_t>::max() - 2;
  return ParseUint32(line.word(2), &numbers->client_flags) &&
         ParseInt32(line.word(3), &numbers->exptime) &&
         ParseInt32(line.word(4), &numbers->value_bytes) && numbers->value_bytes >= 0 &&
         numbers->value_bytes <= kValueBytesMax &&
         (line.row.op != Op::kCas || ParseUint64(line.word(5), &numbers->cas));
}

LineResult ParseStorage(const Line& line) {
  ReadNoreply(line);
  StorageNumbers numbers;
  if (!ReadKey(line) || !ReadStorageNumbers(line, &numbers)) {
    return Fail(text_replies::kBadFormat, line);
  }
  Command* const command = &line.request->command;
  const size_t value_bytes = static_cast<size_t>(numbers.value_bytes);
  const size_t item_bytes =
      CountedItemBytes(command->key.size(), value_bytes, numbers.client_flags);
  if (item_bytes > line.context.item_size_max) return RefuseTooLarge(line, value_bytes + 2);
  command->client_flags = numbers.client_flags;
  command->expiry_ms = ExpiryMs(numbers.exptime, line.context.clock);
  command->cas = numbers.cas;
  return {LineOutcome::kValue, value_bytes + 2};
}

LineResult ParseDelete(const Line& line) {
  const TextWords& words = *line.words;
  if (words.size() > 2) {
    // Ancient clients send a time, which may only be 0.
    const bool has_zero = words[2] == "0";
    ReadNoreply(line);
    const bool noreply = line.request->noreply;
    const bool is_valid = words.size() == 3 ? has_zero || noreply : has_zero && noreply;
    if (!is_valid) return Fail(text_replies::kBadDelete, line);
  }
  if (!ReadKey(line)) return Fail(text_replies::kBadFormat, line);
  return {LineOutcome::kRequest};
}

LineResult ParseDelta(const Line& line) {
  ReadNoreply(line);
  if (!ReadKey(line)) return Fail(text_replies::kBadFormat, line);
  if (!ParseUint64(line.word(2), &line.request->command.delta)) {
    return Fail(text_replies::kBadDelta, line);
  }
  return {LineOutcome::kRequest};
}

LineResult ParseTouch(const Line& line) {
  ReadNoreply(line);
  if (!ReadKey(line)) return Fail(text_replies::kBadFormat, line);
  int32_t exptime;
  if (!ParseInt32(line.word(2), &exptime)) return Fail(text_replies::kBadExptime, line);
  line.request->command.expiry_ms = ExpiryMs(exptime, line.context.clock);
  return {LineOutcome::kRequest};
}

LineResult ParseFlush(const Line& line) {
  ReadNoreply(line);
  const size_t words_without_delay = line.request->noreply ? 2 : 1;
  int32_t delay = 0;
  if (line.words->size() != words_without_delay && !ParseInt32(line.word(1), &delay)) {
    return Fail(text_replies::kBadExptime, line);
  }
  line.request->kind = RequestKind::kFlush;
  line.request->command.expiry_ms = FlushAtMs(delay, line.context.clock);
  return {LineOutcome::kRequest};
}

LineResult ParseVerbosity(const Line& line) {
  constexpr uint32_t kVerbosityMax = 2;
  ReadNoreply(line);
  uint32_t level;
  if (!ParseUint32(line.word(1), &level)) return Fail(text_replies::kBadFormat, line);
  line.request->kind = RequestKind::kVerbosity;
  line.request->text = text_replies::kOk;
  line.request->command.delta = std::min(level, kVerbosityMax);
  return {LineOutcome::kRequest};
}

// A limit that is none is answered as a command that does not exist: memcached's way.
LineResult ParseMemoryLimit(const Line& line) {
  ReadNoreply(line);
  uint32_t megabytes;
  if (!ParseUint32(line.word(1), &megabytes)) return Fail(text_replies::kError, line);
  line.request->kind = RequestKind::kMemoryLimit;
  line.request->command.delta = megabytes;
  return {LineOutcome::kRequest};
}

LineResult ParseStats(const Line& line) {
  absl::string_view rest = line.rest;
  line.request->kind = RequestKind::kStats;
  line.request->text = TakeWord(&rest);
  return {LineOutcome::kRequest};
}

LineResult ParseReplication(const Line& line) {
  absl::string_view rest = line.rest;
  const auto command = FindReplicationCommand(TakeWord(&rest));
  SkipSpaces(&rest);
  if (!command || !rest.empty()) return Answer(kReplicationUsage, line.request);
  line.request->kind = RequestKind::kReplication;
  line.request->replication = *command;
  return {LineOutcome::kRequest};
}

template <size_t kSize>
constexpr auto MakeVersionLine(const char (&version)[kSize]) {
  constexpr char kPrefix[] = "VERSION ";
  constexpr size_t kPrefixBytes = sizeof(kPrefix) - 1;
  std::array<char, kPrefixBytes + kSize - 1 + 2> line{};
  for (size_t i = 0; i < kPrefixBytes; ++i) line[i] = kPrefix[i];
  for (size_t i = 0; i < kSize - 1; ++i) line[kPrefixBytes + i] = version[i];
  line[line.size() - 2] = '\r';
  line[line.size() - 1] = '\n';
  return line;
}

constexpr auto kVersionLine = MakeVersionLine(kVersion);

LineResult ParseVersion(const Line& line) {
  return Answer({kVersionLine.data(), kVersionLine.size()}, line.request);
}

LineResult ParseQuit(const Line& line) {
  line.request->kind = RequestKind::kQuit;
  return {LineOutcome::kRequest};
}

constexpr ReplyForm kValue = ReplyForm::kTextValue;
constexpr ReplyForm kValueWithCas = ReplyForm::kTextValueWithCas;
constexpr ReplyForm kStatus = ReplyForm::kTextStatus;
constexpr ReplyForm kFixed = ReplyForm::kFixed;

// In the order of use, for the search is linear. `bget` is a forgotten synonym that memcached still
// knows.
constexpr CommandRow kCommands[] = {
    {"get", Op::kGet, kValue, 0, kAnyNumber, ParseRetrieval},
    {"set", Op::kSet, kStatus, 5, 6, ParseStorage},
    {"gets", Op::kGet, kValueWithCas, 0, kAnyNumber, ParseRetrieval},
    {"incr", Op::kIncr, kStatus, 3, 4, ParseDelta},
    {"delete", Op::kDelete, kStatus, 2, 4, ParseDelete},
    {"add", Op::kAdd, kStatus, 5, 6, ParseStorage},
    {"cas", Op::kCas, kStatus, 6, 7, ParseStorage},
    {"touch", Op::kTouch, kStatus, 3, 4, ParseTouch},
    {"gat", Op::kGat, kValue, 0, kAnyNumber, ParseRetrieval},
    {"gats", Op::kGat, kValueWithCas, 0, kAnyNumber, ParseRetrieval},
    {"decr", Op::kDecr, kStatus, 3, 4, ParseDelta},
    {"replace", Op::kReplace, kStatus, 5, 6, ParseStorage},
    {"append", Op::kAppend, kStatus, 5, 6, ParseStorage},
    {"prepend", Op::kPrepend, kStatus, 5, 6, ParseStorage},
    {"bget", Op::kGet, kValue, 0, kAnyNumber, ParseRetrieval},
    {"stats", Op::kGet, kFixed, 0, kAnyNumber, ParseStats},
    {"version", Op::kGet, kFixed, 0, kAnyNumber, ParseVersion},
    {"flush_all", Op::kFlush, kStatus, 1, 3, ParseFlush},
    {"verbosity", Op::kGet, kFixed, 2, 3, ParseVerbosity},
    {"replication", Op::kGet, kFixed, 0, kAnyNumber, ParseReplication},
    {"cache_memlimit", Op::kGet, kFixed, 2, 3, ParseMemoryLimit},
    {"quit", Op::kGet, kFixed, 0, kAnyNumber, ParseQuit},
};

const CommandRow* FindCommand(absl::string_view name) {
  for (const CommandRow& row : kCommands) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// memcached sorts commands by their first letter and looks for a lost web client only behind the
// letters that are left.
bool MayBeHttp(absl::string_view name) {
  if (name.size() < 2 || absl::string_view("acdgist").find(name[0]) != absl::string_view::npos) {
    return false;
  }
  return name[0] != 'm' || name.size() != 2;
}

// ERROR, and a line whose last word is HTTP/x closes the connection: a browser can be made to send
// such lines.
LineResult ParseUnknown(const TextWords& words, Request* request) {
  if (words.size() > 0 && MayBeHttp(words[0]) && words.back().substr(0, 5) == "HTTP/") {
    return {LineOutcome::kClose};
  }
  return Answer(text_replies::kError, request);
}

}  // namespace

LineResult ParseTextLine(absl::string_view line, const TextContext& context, Request* request) {
  *request = Request();
  absl::string_view rest = line;
  const absl::string_view name = TakeWord(&rest);
  const CommandRow* const row = FindCommand(name);
  if (row == nullptr) return ParseUnknown(TextWords(name, rest), request);
  request->command.op = row->op;
  request->form = row->form;
  if (row->words_max == kAnyNumber) return row->parse({*row, rest, nullptr, context, request});
  const TextWords words(name, rest);
  if (words.size() < row->words_min || words.size() > row->words_max) {
    return Answer(text_replies::kError, request);
  }
  return row->parse({*row, rest, &words, context, request});
}

}  // namespace twincached
