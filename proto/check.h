// CHECK and DCHECK: a broken invariant ends the process; the peer takes over.
//
// What it is: the answer to a bug. CHECK guards what would corrupt data and is always on; DCHECK
// guards the rest and is on unless NDEBUG is defined, which `-c opt` does. A failed check prints
// one line, `file:line: CHECK failed: expr`, to stderr and aborts.
// What it is not: error handling. A client's mistake is a reply value, a failure of the
// environment an absl::Status.
//
// Owned by nobody, holds no state, may be called on any thread. CHECK evaluates its operands
// exactly once, DCHECK once or never: they must have no side effects there.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace twincached::internal {

// Prints the one line and aborts. `file` and `expression` are string literals.
[[noreturn]] inline void CheckFailed(const char* file, int line, const char* expression) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace twincached::internal

#define CHECK(condition)               \
  (__builtin_expect(!!(condition), 1)  \
       ? static_cast<void>(0)          \
       : ::twincached::internal::CheckFailed(__FILE__, __LINE__, #condition))

#define TWINCACHED_CHECK_OP(a, op, b)   \
  (__builtin_expect(!!((a)op(b)), 1)    \
       ? static_cast<void>(0)           \
       : ::twincached::internal::CheckFailed(__FILE__, __LINE__, #a " " #op " " #b))

#define CHECK_EQ(a, b) TWINCACHED_CHECK_OP(a, ==, b)
#define CHECK_NE(a, b) TWINCACHED_CHECK_OP(a, !=, b)
#define CHECK_LT(a, b) TWINCACHED_CHECK_OP(a, <, b)
#define CHECK_LE(a, b) TWINCACHED_CHECK_OP(a, <=, b)
#define CHECK_GT(a, b) TWINCACHED_CHECK_OP(a, >, b)
#define CHECK_GE(a, b) TWINCACHED_CHECK_OP(a, >=, b)

// Off, a DCHECK is still compiled, so that its operands count as used, but never evaluated.
#ifdef NDEBUG
#define TWINCACHED_DCHECK(check) (true ? static_cast<void>(0) : (check))
#else
#define TWINCACHED_DCHECK(check) (check)
#endif

#define DCHECK(condition) TWINCACHED_DCHECK(CHECK(condition))
#define DCHECK_EQ(a, b) TWINCACHED_DCHECK(CHECK_EQ(a, b))
#define DCHECK_NE(a, b) TWINCACHED_DCHECK(CHECK_NE(a, b))
#define DCHECK_LT(a, b) TWINCACHED_DCHECK(CHECK_LT(a, b))
#define DCHECK_LE(a, b) TWINCACHED_DCHECK(CHECK_LE(a, b))
#define DCHECK_GT(a, b) TWINCACHED_DCHECK(CHECK_GT(a, b))
#define DCHECK_GE(a, b) TWINCACHED_DCHECK(CHECK_GE(a, b))
