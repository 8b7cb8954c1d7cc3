// A scenario file: what happens to which machines, and what has to hold meanwhile.
//
//     file    = *( [ setting | action ] [ "#" comment ] LF )      settings before actions
//     setting = "with" name *( " " word )                         the words of each name: below
//
//     with threads NODE COUNT     that node's core units; else one
//     with same_host              both nodes run on one host
//     with no_peer NODE           that node is started without -x
//     with ack local              both nodes are started with --ack=local: answers prove nothing
//     with solo_writes refuse     both nodes are started with --solo-writes=refuse
//     with think MS               clients wait up to that long between requests; else 20 ms
//     with ttl SECONDS            some writes expire after that
//     with no_flushes             no client says flush_all
//     with delayed_flushes        some flush_all wait a second or two
//     with short_memory           clients write more than fits into 4 MB
//     with prompt_answers         a request waits 1.5 s at most while its connection lives, and no
//                                 slave loses its place in the stream
//
// NODE is `a` or `b`. Actions: action.h, in order of time. Four clients work meanwhile; two of them
// turn to the other node when theirs fails. 50 ms after the newest action all is healed and judged.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/sim/world.h"

namespace twincached::sim {

// Seed 1's plan; any other seed makes the same things happen at slightly other moments. The error
// names the line and what is wrong with it.
absl::StatusOr<WorldPlan> ParseScenario(absl::string_view text);
absl::StatusOr<WorldPlan> ReadScenarioFile(const std::string& path);

}  // namespace twincached::sim
