// `replication WORD`: what an operator asks of the pair, in a client's conversation.
//
// The words and what they mean to the parser; who carries them out is the LISTENER's affair. A new
// word is an enumerator and a row here.
//
//   line = "replication" SP word        answer = one line: "OK\r\n", CLIENT_ERROR or SERVER_ERROR
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace twincached {

enum class ReplicationCommand : uint8_t {
  kSwitchover,  // master and slave in sync swap their roles
  kVerify,      // do both hold the same? "OK 64 slots equal at position N\r\n"
};

struct ReplicationWord {
  absl::string_view word;
  ReplicationCommand command;
};

inline constexpr ReplicationWord kReplicationWords[] = {
    {"switchover", ReplicationCommand::kSwitchover},
    {"verify", ReplicationCommand::kVerify},
};

// The answer to any other word, to none and to two: names every word of the table.
inline constexpr absl::string_view kReplicationUsage =
    "CLIENT_ERROR usage: replication switchover|verify\r\n";

inline absl::optional<ReplicationCommand> FindReplicationCommand(absl::string_view word) {
  for (const ReplicationWord& row : kReplicationWords) {
    if (row.word == word) return row.command;
  }
  return absl::nullopt;
}

}  // namespace twincached
