#include "proto/replication/decide.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/canary.h"

namespace twincached::replication {
namespace {

int Compare(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

// A JOIN's copy may lack what was acknowledged: nobody may take it for the whole.
bool HasData(const Hello& hello) { return !IsEmpty(hello.generation()) && hello.state() != JOIN; }

// What is true of the pair whichever of the two is source; empty when they may be a pair.
std::string RefusalOfPair(const Hello& a, const Hello& b) {
  if (a.protocol_min() > b.protocol_max() || b.protocol_min() > a.protocol_max()) {
    return "no common protocol version";
  }
  if (a.cluster_id() != b.cluster_id()) return "the peer belongs to another cluster (--cluster)";
  if (Compare(a.incarnation(), b.incarnation()) == 0) return "this is the node itself";
  if (a.node_id() == b.node_id()) return "both nodes have the same name (--node-name)";
  return "";
}

std::string RefusalOfTarget(const Hello& source, const Hello& target) {
  if (target.memory_bytes_max() < source.memory_bytes_max()) {
    return absl::StrCat("the slave's memory limit (-m), ", target.memory_bytes_max(),
                        " bytes, is smaller than the master's, ", source.memory_bytes_max());
  }
  if (target.item_bytes_max() < source.item_bytes_max()) {
    return absl::StrCat("the slave's item limit (-I), ", target.item_bytes_max(),
                        " bytes, is smaller than the master's, ", source.item_bytes_max());
  }
  return "";
}

// Positive: `a` is source. Never 0 for two incarnations.
int CompareEmpty(const Hello& a, const Hello& b) {
  if (a.serving() != b.serving()) return a.serving() ? 1 : -1;
  if ((a.state() == JOIN) != (b.state() == JOIN)) return b.state() == JOIN ? 1 : -1;
  return Compare(a.incarnation(), b.incarnation());
}

int CompareSameGeneration(const Hello& a, const Hello& b) {
  const uint64_t common = std::min(a.position(), b.position());
  const bool a_answered = a.acknowledged_position() > common;
  const bool b_answered = b.acknowledged_position() > common;
  if (a_answered != b_answered) return a_answered ? 1 : -1;
  if (a.serving() != b.serving()) return a.serving() ? 1 : -1;
  if (const int epochs = Compare(a.epoch(), b.epoch()); epochs != 0) return epochs;
  if (a.position() != b.position()) return Compare(a.position(), b.position());
  return Compare(a.incarnation(), b.incarnation());
}

bool IsChildOf(const Hello& child, const Hello& parent) {
  return child.generation().parent() != 0 &&
         child.generation().parent() == parent.generation().id() &&
         parent.generation().parent() != child.generation().id();
}

int CompareForked(const Hello& a, const Hello& b) {
  const uint64_t a_answered = AnsweredSinceFork(a, b);
  const uint64_t b_answered = AnsweredSinceFork(b, a);
  if (IsChildOf(b, a) && a_answered == 0) return -1;
  if (IsChildOf(a, b) && b_answered == 0) return 1;
  if (a_answered != b_answered) return Compare(a_answered, b_answered);
  if (const int epochs = Compare(a.epoch(), b.epoch()); epochs != 0) return epochs;
  return Compare(a.node_id(), b.node_id());
}

bool IsFirstSource(const Hello& a, const Hello& b) {
  if (!HasData(a) && !HasData(b)) return CompareEmpty(a, b) > 0;
  if (!HasData(a) || !HasData(b)) return HasData(a) != BrokenOnPurpose(Canary::kEmptySource);
  if (a.generation().id() == b.generation().id()) return CompareSameGeneration(a, b) > 0;
  return CompareForked(a, b) > 0;
}

// The target has a true beginning of the source's history, and the source still has the rest. One
// that serves goes on executing behind its Hello: what it has by the Verdict nobody knows.
bool CanResume(const Hello& source, const Hello& target) {
  if (!HasData(source) || IsEmpty(target.generation()) || target.serving()) return false;
  uint64_t common_end = source.position();
  if (source.generation().id() != target.generation().id()) {
    if (!IsChildOf(source, target)) return false;
    common_end = std::min(common_end, source.generation().begin_position());
  }
  return target.position() <= common_end && target.position() >= source.log_begin_position();
}

Epoch EpochOfPair(const Hello& source, const Hello& target) {
  // The epoch of a node that does not serve is another's: that one has answered in it.
  if (source.serving() && Compare(source.epoch(), target.epoch()) > 0) return source.epoch();
  Epoch epoch;
  epoch.set_number(std::max(source.epoch().number(), target.epoch().number()) + 1);
  *epoch.mutable_minted_by() = source.incarnation();
  return epoch;
}

// The first of a lineage: both nodes make it alike from what both know.
Generation FirstGeneration(const Hello& source, const Epoch& epoch) {
  Generation generation;
  generation.set_id(MixId(source.incarnation().high() ^
                          MixId(source.incarnation().low() ^ MixId(epoch.number()))));
  return generation;
}

}  // namespace

uint64_t AnsweredSinceFork(const Hello& hello, const Hello& other) {
  if (!IsChildOf(other, hello)) return hello.client_mutations_acknowledged();
  const uint64_t fork = other.generation().begin_position();
  return hello.acknowledged_position() > fork ? hello.acknowledged_position() - fork : 0;
}

uint64_t MixId(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  value ^= value >> 31;
  return value == 0 ? 1 : value;
}

int Compare(const Incarnation& a, const Incarnation& b) {
  const int high = Compare(a.high(), b.high());
  return high != 0 ? high : Compare(a.low(), b.low());
}

int Compare(const Epoch& a, const Epoch& b) {
  const int number = Compare(a.number(), b.number());
  return number != 0 ? number : Compare(a.minted_by(), b.minted_by());
}

bool IsEmpty(const Generation& generation) { return generation.id() == 0; }

Verdict DecideRoles(const Hello& a, const Hello& b) {
  Verdict verdict;
  verdict.set_refusal(RefusalOfPair(a, b));
  if (!verdict.refusal().empty()) return verdict;
  const bool a_is_source = IsFirstSource(a, b);
  const Hello& source = a_is_source ? a : b;
  const Hello& target = a_is_source ? b : a;
  verdict.set_refusal(RefusalOfTarget(source, target));
  if (!verdict.refusal().empty()) return verdict;

  *verdict.mutable_source() = source.incarnation();
  *verdict.mutable_target() = target.incarnation();
  *verdict.mutable_epoch() = EpochOfPair(source, target);
  verdict.set_slot_seed(source.slot_seed());
  verdict.set_copy(CanResume(source, target) ? COPY_RESUME : COPY_SNAPSHOT);
  if (verdict.copy() == COPY_RESUME) verdict.set_resume_position(target.position());
  *verdict.mutable_generation() =
      HasData(source) ? source.generation() : FirstGeneration(source, verdict.epoch());
  return verdict;
}

std::string RefusalOfTurn(const Hello& a, const Hello& b) {
  if (std::min(a.protocol_max(), b.protocol_max()) < kProtocolOfSwitchover) {
    return "one of the nodes has a version without switchover";
  }
  const std::string one_way = RefusalOfTarget(a, b);
  return one_way.empty() ? RefusalOfTarget(b, a) : one_way;
}

bool SameVerdict(const Verdict& a, const Verdict& b) {
  return a.refusal() == b.refusal() && Compare(a.source(), b.source()) == 0 &&
         Compare(a.target(), b.target()) == 0 && a.copy() == b.copy() &&
         Compare(a.epoch(), b.epoch()) == 0 && a.slot_seed() == b.slot_seed() &&
         a.resume_position() == b.resume_position() && a.generation().id() == b.generation().id() &&
         a.generation().parent() == b.generation().parent() &&
         a.generation().begin_position() == b.generation().begin_position();
}

}  // namespace twincached::replication
