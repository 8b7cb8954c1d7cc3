// Who is source and who is target, from the two Hellos of one connection.
//
// Pure and mirrored: DecideRoles(a, b) and DecideRoles(b, a) give the same Verdict, so that both
// nodes compute it alone and only compare. Owned by nobody, holds nothing. Rules, first match wins
// (replication.md, section 4, "decide"):
//   refuse       no common protocol version; another cluster; the same incarnation (that is
//                oneself); the same node id on both; target's -m or -I smaller than the source's.
//   both empty   (generation id 0) the serving one is source, then the one that is not JOIN, then
//                the greater incarnation. Both get a generation made of the source's incarnation
//                and epoch.
//   one empty    it is the target, whatever it serves.
//   JOIN         counts as empty when a source is looked for (its copy may lack what was
//                acknowledged), but may resume as target.
//   same generation
//                who acknowledged something beyond what both have is source; else the serving one,
//                then the greater epoch. A target not beyond what both have resumes if the source's
//                log reaches back; an un-acknowledged tail loses: its node takes a snapshot.
//   parent and child
//                nothing acknowledged in the parent past the fork: the child is source; the parent
//                resumes if it has no tail past the fork and the source's log reaches back.
//   a target that serves
//                never resumes: it may have executed more since its Hello.
//   else         both wrote with acknowledgements since the fork, or unrelated: the lexicographic
//                maximum of (acknowledged client mutations since the fork > 0, their number, epoch,
//                node id) is source, the other takes a snapshot.
// The Verdict's epoch: the source's if it serves in it and it is above the target's already, else
// one above both, minted by the source.
#pragma once

#include <cstdint>
#include <string>

#include "proto/replication/replication.pb.h"

namespace twincached::replication {

inline constexpr uint32_t kProtocolMin = 2;
inline constexpr uint32_t kProtocolMax = 3;
// A peer whose protocol_max is below does not know Switchover, nor a Goodbye that is not the end.
inline constexpr uint32_t kProtocolOfSwitchover = 3;

Verdict DecideRoles(const Hello& a, const Hello& b);

// Why these two, a pair, cannot swap their roles; empty: they can. Symmetrical.
std::string RefusalOfTurn(const Hello& a, const Hello& b);

// Changes that clients of `hello` were told of and that `other`, of another generation, lacks.
uint64_t AnsweredSinceFork(const Hello& hello, const Hello& other);

// -1, 0, 1.
int Compare(const Epoch& a, const Epoch& b);
int Compare(const Incarnation& a, const Incarnation& b);
bool IsEmpty(const Generation& generation);
// True when both verdicts say the same to the byte that matters.
bool SameVerdict(const Verdict& a, const Verdict& b);
// Scatters `value`; the result is never 0. For ids of generations.
uint64_t MixId(uint64_t value);

}  // namespace twincached::replication
