#include "tests/history/cas_ids.h"

#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

uint64_t IdOf(const Operation& operation) {
  return operation.kind == Kind::kCas ? operation.cas : operation.answer.cas;
}

}  // namespace

std::string CasIds::Check(const Operation& operation, const KeyIds& key) const {
  if (IdOf(operation) == 0 || operation.invoked_us <= allowances_.newest_wipe_us()) return "";
  if (operation.kind != Kind::kCas) return CheckShown(operation, key);
  return operation.answer.outcome == Outcome::kOk ? CheckReplaced(operation, key) : "";
}

std::string CasIds::CheckShown(const Operation& read, const KeyIds& key) const {
  const uint64_t id = IdOf(read);
  if (const Use* use = Find(id)) {
    if (Counts(use->shown) &&
        (use->shown->key != read.key || use->shown->answer.value != read.answer.value)) {
      return absl::StrCat("cas id ", id, " with two values: ", Describe(read), " and ",
                          Describe(*use->shown), " of key ", Quote(use->shown->key));
    }
    std::string wrong = CheckRefused(read, *use);
    if (!wrong.empty()) return wrong;
  }
  const HighWater<uint64_t>::Mark* mark = key.newest.Before(read.invoked_us);
  if (mark == nullptr || mark->level <= id || !Counts(mark->by)) return "";
  return absl::StrCat("cas id fell: ", Describe(read), ", but it was at least ", mark->level,
                      ", shown by ", Describe(*mark->by));
}

std::string CasIds::CheckReplaced(const Operation& cas, const KeyIds& key) const {
  if (const Use* use = Find(cas.cas)) {
    if (Counts(use->shown) && use->shown->key != cas.key) {
      return absl::StrCat("cas id of another key: ", Describe(cas), ", but it was shown by ",
                          Describe(*use->shown), " of key ", Quote(use->shown->key));
    }
    if (Counts(use->replaced)) {
      return absl::StrCat("cas id replaced twice: ", Describe(cas), " and ",
                          Describe(*use->replaced));
    }
    std::string wrong = CheckRefused(cas, *use);
    if (!wrong.empty()) return wrong;
  }
  const HighWater<uint64_t>::Mark* mark = key.newest.Before(cas.invoked_us);
  if (mark == nullptr || mark->level <= cas.cas || !Counts(mark->by)) return "";
  return absl::StrCat("cas over an old id: ", Describe(cas), ", but it was at least ", mark->level,
                      ", shown by ", Describe(*mark->by));
}

std::string CasIds::CheckRefused(const Operation& operation, const Use& use) const {
  if (!Counts(use.refused) || !Counts(use.shown) ||
      use.refused->completed_us >= operation.invoked_us) {
    return "";
  }
  return absl::StrCat("cas refused although its id was in force: ", Describe(*use.refused),
                      ", but ", Describe(*use.shown), " showed it before, and ",
                      Describe(operation), " after it");
}

void CasIds::Prove(const OperationPtr& operation, KeyIds* key) {
  const uint64_t id = IdOf(*operation);
  if (id == 0 || operation->invoked_us <= allowances_.newest_wipe_us()) return;
  if (operation->answer.outcome == Outcome::kExists) {
    ProveRefused(operation);
    return;
  }
  const bool is_cas = operation->kind == Kind::kCas;
  Use& use = uses_[id];
  if (use.shown == nullptr && use.replaced == nullptr) {
    key->learned.push_back(KeyIds::Learned{operation->completed_us, id});
  }
  OperationPtr& role = is_cas ? use.replaced : use.shown;
  if (!Counts(role)) role = operation;
  const HighWater<uint64_t>::Mark* top = key->newest.Top();
  if (top != nullptr && !Counts(top->by)) key->newest.Clear();
  key->newest.Raise(operation->completed_us, is_cas ? id + 1 : id, operation);
}

// Matters if its id had been in force before: CheckRefused() asks whether it is afterwards.
void CasIds::ProveRefused(const OperationPtr& cas) {
  const auto it = uses_.find(cas->cas);
  if (it == uses_.end()) return;
  Use& use = it->second;
  if (!Counts(use.shown) || use.shown->key != cas->key) return;
  if (use.shown->completed_us < cas->invoked_us && !Counts(use.refused)) use.refused = cas;
}

const Operation* CasIds::ShownBy(uint64_t id) const {
  const Use* use = Find(id);
  return use != nullptr && Counts(use->shown) ? use->shown.get() : nullptr;
}

void CasIds::Prune(const Horizon& horizon, KeyIds* key) {
  key->newest.Prune(horizon.retained_us);
  const HighWater<uint64_t>::Mark* mark = key->newest.Before(horizon.oldest_us);
  if (mark == nullptr) return;
  size_t forgotten = 0;
  for (const KeyIds::Learned& learned : key->learned) {
    if (learned.at_us >= horizon.retained_us || learned.id >= mark->level) break;
    ++forgotten;
  }
  if (forgotten * 2 < key->learned.size()) return;  // Not worth a move.
  for (size_t i = 0; i < forgotten; ++i) uses_.erase(key->learned[i].id);
  key->learned.erase(key->learned.begin(),
                     key->learned.begin() + static_cast<ptrdiff_t>(forgotten));
}

bool CasIds::Counts(const OperationPtr& operation) const {
  return operation != nullptr && operation->invoked_us > allowances_.newest_wipe_us() &&
         allowances_.Proves(*operation);
}

const CasIds::Use* CasIds::Find(uint64_t id) const {
  const auto it = uses_.find(id);
  return it == uses_.end() ? nullptr : &it->second;
}

}  // namespace twincached::history
