#include "tests/history/history_file.h"

#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace twincached::history {
namespace {

constexpr size_t kTextShownMax = 40;

absl::Status Wrong(absl::string_view what, absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": \"", field.substr(0, kTextShownMax), "\""));
}

bool IsPlain(char c) { return c >= '!' && c <= '~' && c != '%'; }

void AppendEscaped(absl::string_view text, std::string* out) {
  for (const char c : text) {
    if (IsPlain(c)) {
      out->push_back(c);
    } else {
      absl::StrAppend(out, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

absl::Status Unescape(absl::string_view field, std::string* text) {
  text->clear();
  for (size_t i = 0; i < field.size(); ++i) {
    if (IsPlain(field[i])) {
      text->push_back(field[i]);
      continue;
    }
    const int high = field[i] == '%' && i + 2 < field.size() ? HexDigit(field[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(field[i + 2]) : -1;
    if (low < 0) return Wrong("bad escape, or a byte that needs one, in", field);
    text->push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return absl::OkStatus();
}

template <typename Number>
absl::Status ParseInteger(absl::string_view field, Number* number) {
  if (absl::SimpleAtoi(field, number)) return absl::OkStatus();
  return Wrong("not a number in its range", field);
}

bool FindKind(absl::string_view name, Kind* kind) {
  for (int i = 0; i < kKinds; ++i) {
    *kind = static_cast<Kind>(i);
    if (NameOf(*kind) == name) return true;
  }
  return false;
}

bool FindOutcome(absl::string_view name, Outcome* outcome) {
  for (int i = 0; i < kOutcomes; ++i) {
    *outcome = static_cast<Outcome>(i);
    if (NameOf(*outcome) == name) return true;
  }
  return false;
}

// The fields of one line, taken from the left.
class Fields {
 public:
  explicit Fields(absl::string_view line) : fields_(absl::StrSplit(line, ' ')) {}

  bool AtEnd() const { return next_ == fields_.size(); }
  // "" at the end.
  absl::string_view Take() { return AtEnd() ? absl::string_view() : fields_[next_++]; }

  // The rest of the next field, if it begins with `name`.
  bool TakeNamed(absl::string_view name, absl::string_view* rest) {
    if (AtEnd()) return false;
    *rest = fields_[next_];
    if (!absl::ConsumePrefix(rest, name)) return false;
    ++next_;
    return true;
  }

  template <typename Number>
  absl::Status TakeInteger(Number* number) {
    return AtEnd() ? absl::InvalidArgumentError("the line ends where a number belongs")
                   : ParseInteger(Take(), number);
  }

  template <typename Number>
  absl::Status TakeNamedInteger(absl::string_view name, bool required, Number* number) {
    absl::string_view rest;
    if (TakeNamed(name, &rest)) return ParseInteger(rest, number);
    return required ? absl::InvalidArgumentError(absl::StrCat(name, " is missing"))
                    : absl::OkStatus();
  }

 private:
  std::vector<absl::string_view> fields_;
  size_t next_ = 0;
};

absl::Status TakeText(absl::string_view name, Fields* fields, std::string* text) {
  absl::string_view rest;
  if (!fields->TakeNamed(name, &rest)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is missing"));
  }
  return Unescape(rest, text);
}

bool IsStep(Kind kind) { return kind == Kind::kIncr || kind == Kind::kDecr; }

bool TakesTtl(Kind kind) { return IsWrite(kind) || kind == Kind::kTouch || kind == Kind::kFlush; }

absl::Status TakeCommand(Fields* fields, Operation* operation) {
  const absl::string_view name = fields->Take();
  if (!FindKind(name, &operation->kind)) return Wrong("no such command", name);
  const Kind kind = operation->kind;
  absl::Status status;
  if (kind != Kind::kFlush) {
    status = Unescape(fields->Take(), &operation->key);
    if (status.ok() && operation->key.empty()) return absl::InvalidArgumentError("no key");
  }
  if (status.ok() && IsWrite(kind)) status = TakeText("value=", fields, &operation->value);
  if (status.ok() && kind == Kind::kCas) {
    status = fields->TakeNamedInteger("id=", true, &operation->cas);
  }
  if (status.ok() && IsStep(kind)) {
    status = fields->TakeNamedInteger("delta=", true, &operation->delta);
    if (status.ok() && operation->delta == 0) return absl::InvalidArgumentError("delta= is 0");
  }
  if (status.ok() && TakesTtl(kind)) {
    status = fields->TakeNamedInteger("ttl=", false, &operation->ttl_us);
  }
  return status;
}

absl::Status TakeAnswer(Fields* fields, Operation* operation) {
  Answer& answer = operation->answer;
  const absl::string_view name = fields->Take();
  if (!FindOutcome(name, &answer.outcome)) return Wrong("no such outcome, or field", name);
  if (answer.outcome == Outcome::kExists && operation->kind != Kind::kCas) {
    return absl::InvalidArgumentError("only a cas answers exists");
  }
  if (answer.outcome != Outcome::kOk) return absl::OkStatus();
  if (IsStep(operation->kind)) return fields->TakeNamedInteger("number=", true, &answer.number);
  if (!IsRead(operation->kind)) return absl::OkStatus();
  const absl::Status status = TakeText("value=", fields, &answer.value);
  return status.ok() ? fields->TakeNamedInteger("id=", false, &answer.cas) : status;
}

absl::Status CheckTimes(int64_t begin_us, int64_t end_us) {
  if (begin_us < 0) return absl::InvalidArgumentError("times begin at 0");
  if (end_us < begin_us) return absl::InvalidArgumentError("it ends before it begins");
  if (end_us == kForever) return absl::InvalidArgumentError("it never ends");
  return absl::OkStatus();
}

absl::Status TakeOperation(Fields* fields, Operation* operation) {
  absl::Status status = fields->TakeInteger(&operation->invoked_us);
  if (status.ok()) status = fields->TakeInteger(&operation->completed_us);
  if (status.ok()) status = fields->TakeInteger(&operation->client);
  if (!status.ok()) return status;
  status = CheckTimes(operation->invoked_us, operation->completed_us);
  if (!status.ok()) return status;
  status = TakeCommand(fields, operation);
  return status.ok() ? TakeAnswer(fields, operation) : status;
}

absl::Status TakeInterval(Fields* fields, HistoryLine* line) {
  absl::Status status = fields->TakeInteger(&line->begin_us);
  if (status.ok()) status = fields->TakeInteger(&line->end_us);
  return status.ok() ? CheckTimes(line->begin_us, line->end_us) : status;
}

absl::Status TakeLine(Fields* fields, HistoryLine* line) {
  absl::string_view rest;
  if (fields->TakeNamed("wipe", &rest)) {
    line->sort = HistoryLine::Sort::kWipe;
    return TakeInterval(fields, line);
  }
  if (fields->TakeNamed("fork", &rest)) {
    line->sort = HistoryLine::Sort::kFork;
    return TakeInterval(fields, line);
  }
  if (fields->TakeNamed("settled", &rest)) {
    line->sort = HistoryLine::Sort::kSettled;
    const absl::Status status = fields->TakeInteger(&line->begin_us);
    return status.ok() ? CheckTimes(line->begin_us, line->begin_us) : status;
  }
  if (fields->TakeNamed("evictions", &rest)) {
    line->sort = HistoryLine::Sort::kEvictions;
    return absl::OkStatus();
  }
  line->sort = HistoryLine::Sort::kOperation;
  const absl::Status status = TakeOperation(fields, &line->operation);
  line->begin_us = line->operation.invoked_us;
  return status;
}

}  // namespace

absl::StatusOr<HistoryLine> ParseHistoryLine(absl::string_view text) {
  HistoryLine line;
  if (text.empty() || text.front() == '#') return line;
  Fields fields(text);
  const absl::Status status = TakeLine(&fields, &line);
  if (!status.ok()) return status;
  if (!fields.AtEnd()) return Wrong("this does not belong here", fields.Take());
  return line;
}

std::string FormatHistoryLine(const Operation& operation) {
  std::string line = absl::StrCat(operation.invoked_us, " ", operation.completed_us, " ",
                                  operation.client, " ", NameOf(operation.kind));
  const Kind kind = operation.kind;
  if (kind != Kind::kFlush) {
    line.push_back(' ');
    AppendEscaped(operation.key, &line);
  }
  if (IsWrite(kind)) {
    absl::StrAppend(&line, " value=");
    AppendEscaped(operation.value, &line);
  }
  if (kind == Kind::kCas) absl::StrAppend(&line, " id=", operation.cas);
  if (IsStep(kind)) absl::StrAppend(&line, " delta=", operation.delta);
  if (TakesTtl(kind) && operation.ttl_us != 0) absl::StrAppend(&line, " ttl=", operation.ttl_us);
  const Answer& answer = operation.answer;
  absl::StrAppend(&line, " ", NameOf(answer.outcome));
  if (answer.outcome == Outcome::kOk && IsStep(kind)) {
    absl::StrAppend(&line, " number=", answer.number);
  }
  if (answer.outcome == Outcome::kOk && IsRead(kind)) {
    absl::StrAppend(&line, " value=");
    AppendEscaped(answer.value, &line);
    if (answer.cas != 0) absl::StrAppend(&line, " id=", answer.cas);
  }
  line.push_back('\n');
  return line;
}

absl::StatusOr<std::unique_ptr<HistoryReader>> HistoryReader::Open(const std::string& path) {
  auto file = std::make_unique<std::ifstream>(path);
  if (!file->is_open()) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  return std::make_unique<HistoryReader>(path, std::move(file));
}

HistoryReader::HistoryReader(std::string name, std::unique_ptr<std::istream> stream)
    : name_(std::move(name)), stream_(std::move(stream)) {}

absl::StatusOr<HistoryLine> HistoryReader::Next() {
  while (std::getline(*stream_, text_)) {
    ++line_number_;
    absl::StatusOr<HistoryLine> line = ParseHistoryLine(text_);
    if (!line.ok()) return Error(line.status());
    if (line->sort == HistoryLine::Sort::kNothing) continue;
    if (line->sort == HistoryLine::Sort::kEvictions) return line;
    if (line->begin_us < newest_us_) {
      return Error(absl::InvalidArgumentError(absl::StrCat(
          "out of order: it begins at ", line->begin_us, ", a line above at ", newest_us_)));
    }
    newest_us_ = line->begin_us;
    return line;
  }
  if (stream_->bad()) return absl::DataLossError(absl::StrCat(name_, ": cannot be read"));
  return HistoryLine();
}

absl::Status HistoryReader::Error(const absl::Status& cause) const {
  return absl::InvalidArgumentError(absl::StrCat(name_, ":", line_number_, ": ", cause.message()));
}

}  // namespace twincached::history
