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
         // The exit that the scheduler sends to its own two actors when a system ends: written by
         // one thread, put into CAF's mailbox, read by another.
         "race:caf::detail::tuple_vals_impl<caf::detail::message_data, caf::exit_msg>\n";
}
