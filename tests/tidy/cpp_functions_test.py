"""The finder of C++ functions sees what a reader would call a function."""

import unittest

from tests.tidy import cpp_functions
from tests.tidy import source


def find(text):
    functions = cpp_functions.find_functions(source.Source("net/a.cc", text))
    return [(f.name, f.parameters, f.first_line, f.last_line) for f in functions]


class FindFunctionsTest(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(find("\nint F(int a, int b) {\n  return a;\n}\n"), [("F", 2, 2, 4)])

    def test_declarations_and_calls_are_none(self):
        self.assertEqual(find("int F(int a);\nint x = F(1);\nFoo kA[] = {{1, 2}, {3, 4}};\n"), [])

    def test_two_in_nested_namespaces(self):
        self.assertEqual(
            find("namespace a::b {\nnamespace {\nvoid F() {}\n}  // namespace\n"
                 "void G() {\n}\n}\n"),
            [("F", 0, 3, 3), ("G", 0, 5, 6)])

    def test_declaration_over_several_lines_counts_from_its_first(self):
        self.assertEqual(
            find("absl::StatusOr<std::map<int, int>>\nF(int a,\n  int b) const\n{\n}"),
            [("F", 2, 1, 5)])

    def test_methods_in_a_class_after_access_specifiers(self):
        self.assertEqual(
            find("class A final : public B<int(int)> {\n public:\n  explicit A(int x) : x_(x) {}\n"
                 " private:\n  int Get() const override { return x_; }\n  int x_{3};\n};\n"),
            [("A", 1, 3, 3), ("Get", 0, 5, 5)])

    def test_constructor_with_braced_initializers(self):
        self.assertEqual(
            find("A::A(int x)\n    : B<int>{x}, y_{f({1})} {\n  Go();\n}\nvoid G() {}"),
            [("A::A", 1, 1, 4), ("G", 0, 5, 5)])

    def test_operators(self):
        self.assertEqual(
            find("bool operator==(const A& a, const A& b) { return true; }\n"
                 "struct H {\n  int operator()(int x) const { return x; }\n"
                 "  H& operator=(const H& h) { return *this; }\n};\n"),
            [("operator==", 2, 1, 1), ("operator()", 1, 3, 3), ("operator=", 1, 4, 4)])

    def test_templates(self):
        self.assertEqual(
            find("template <class T = int, class U>\nauto F(std::map<T, U> m, T t) -> T {\n}\n"
                 "template <class T>\nstruct S {\n  void G() noexcept(noexcept(T())) {}\n};\n"),
            [("F", 2, 1, 3), ("G", 0, 6, 6)])

    def test_lambda_belongs_to_the_function_around_it(self):
        self.assertEqual(find("void F() {\n  auto f = [](int a) { return a; };\n  f(1);\n}\n"),
                         [("F", 0, 1, 4)])

    def test_lambda_at_namespace_scope_is_none(self):
        self.assertEqual(find("auto f = [](int a) {\n  return a;\n};\nvoid G() {}\n"),
                         [("G", 0, 4, 4)])

    def test_default_argument_with_braces(self):
        self.assertEqual(find("void F(A a = {}, int b = 2) {\n}\n"), [("F", 2, 1, 2)])

    def test_macros_on_lines_of_their_own_are_skipped(self):
        self.assertEqual(
            find("ALLOW_TYPE(a::B)\nALLOW_TYPE(a::C)\n\nnamespace a {\nvoid F() {}\n}"),
            [("F", 0, 5, 5)])

    def test_gtest(self):
        self.assertEqual(find("TEST(Parser, RejectsKey) {\n  EXPECT_TRUE(x) << \"}\";\n}\n"),
                         [("TEST", 2, 1, 3)])

    def test_preprocessor_lines_are_no_code(self):
        self.assertEqual(find("#define M(a) \\\n  if (a) {\nvoid F() {}\n"), [("F", 0, 3, 3)])

    def test_extern_c(self):
        self.assertEqual(find('extern "C" const char* F();\nextern "C" const char* F() {\n}\n'),
                         [("F", 0, 2, 3)])
        self.assertEqual(find('extern "C" {\nvoid G(void) {}\n}\n'), [("G", 0, 2, 2)])


if __name__ == "__main__":
    unittest.main()
