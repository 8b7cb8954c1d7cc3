// Reports of ThreadSanitizer that are known to be false: Debian's libcaf is not instrumented, so
// TSan does not see the locks and atomics inside it.
//
// Keep every line narrow. A line as wide as `race:libcaf_core.so` hides races in our own handlers;
// //tests/toolchain:planted_race_test proves that a planted race is still seen.

extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  return "race:std::_Hashtable<caf::group\n"
         "race:caf::monitorable_actor::cleanup\n"
         "race:caf::scheduled_actor::~scheduled_actor\n"
         // The exits that the scheduler sends to its own two actors when a system ends: made by one
         // thread, put into CAF's mailboxes, read and freed by theirs.
         "race:caf::scheduler::abstract_coordinator::stop_actors\n";
}
