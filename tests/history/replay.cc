#include "tests/history/replay.h"

#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace twincached::history {

bool Replay::Turn::operator>(const Turn& other) const {
  return std::tie(at_us, source) > std::tie(other.at_us, other.source);
}

bool Replay::EndOf::operator>(const EndOf& other) const {
  return std::tie(at_us, operation) > std::tie(other.at_us, other.operation);
}

absl::Status Replay::Run(std::vector<std::unique_ptr<HistoryReader>> readers) {
  for (std::unique_ptr<HistoryReader>& reader : readers) {
    sources_.push_back(Source{std::move(reader), HistoryLine()});
  }
  for (size_t source = 0; source < sources_.size(); ++source) {
    const absl::Status status = Load(source);
    if (!status.ok()) return status;
  }
  while (!turns_.empty()) {
    const Turn turn = turns_.top();
    turns_.pop();
    RunEndsBefore(turn.at_us);
    absl::Status status = Take(std::move(sources_[turn.source].line));
    if (status.ok()) status = Load(turn.source);
    if (!status.ok()) return status;
  }
  RunEndsBefore(kForever);
  return absl::OkStatus();
}

absl::Status Replay::Load(size_t source) {
  for (;;) {
    absl::StatusOr<HistoryLine> line = sources_[source].reader->Next();
    if (!line.ok()) return line.status();
    if (line->sort == HistoryLine::Sort::kNothing) return absl::OkStatus();
    if (line->sort == HistoryLine::Sort::kEvictions) {
      checker_.DeclareEvictions();
      continue;
    }
    turns_.push(Turn{line->begin_us, source});
    sources_[source].line = *std::move(line);
    return absl::OkStatus();
  }
}

absl::Status Replay::Take(HistoryLine line) {
  switch (line.sort) {
    case HistoryLine::Sort::kOperation: {
      const int64_t completed_us = line.operation.completed_us;
      Answer answer = std::move(line.operation.answer);
      const HistoryChecker::Id id = checker_.Begin(std::move(line.operation));
      ends_.push(EndOf{completed_us, id, std::move(answer)});
      return absl::OkStatus();
    }
    case HistoryLine::Sort::kWipe:
      checker_.DeclareWipe(line.begin_us, line.end_us);
      return absl::OkStatus();
    case HistoryLine::Sort::kFork:
      if (checker_.in_fork()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the fork that begins at ", line.begin_us, " touches another"));
      }
      checker_.BeginFork(line.begin_us);
      ends_.push(EndOf{line.end_us, 0, Answer()});
      return absl::OkStatus();
    case HistoryLine::Sort::kSettled:
      checker_.DeclareSettled(line.begin_us);
      return absl::OkStatus();
    case HistoryLine::Sort::kNothing:
    case HistoryLine::Sort::kEvictions:
      break;
  }
  return absl::OkStatus();
}

void Replay::RunEndsBefore(int64_t time_us) {
  while (!ends_.empty() && ends_.top().at_us < time_us) {
    const EndOf end = ends_.top();
    ends_.pop();
    if (end.operation == 0) {
      checker_.EndFork(end.at_us);
    } else {
      checker_.End(end.operation, end.at_us, end.answer);
    }
  }
}

}  // namespace twincached::history
