"""Finds the function definitions of a C++ file: name, parameters, first and last line.

Not a parser: it follows braces over code whose comments and literals are blanked, and decides from
the text before each opening brace what it opens. It knows namespaces, types, functions,
constructors with initializer lists, operators and lambdas (a lambda counts as part of the function
around it). Code that a preprocessor condition leaves out is read as well.
"""

import dataclasses
import re

_SCOPE = re.compile(r"\b(?:namespace|class|struct|union|extern)\b")
_ENUM = re.compile(r"\benum\b")
_ACCESS = re.compile(r"\s*(?:(?:public|private|protected)\s*:(?!:)\s*)+")
# A macro called at namespace scope, on lines of its own, without a semicolon.
_MACRO_CALL = re.compile(r"\s*[A-Z][A-Z0-9_]+\([^;{}()]*\)[ \t]*\n(?=\s*\S)")
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_NOT_PARAMETERS = ("noexcept", "decltype", "alignas", "__attribute__", "requires")
_NAME = re.compile(r"(operator\s*(?:\(\)|\[\]|[^\s\w(]+|\w+)|[~\w:]+)\s*$")
_OPENING = "([{"
_CLOSING = ")]}"


@dataclasses.dataclass(frozen=True)
class Function:
    """A definition, from the first line of its declaration to the line of its closing brace."""

    name: str
    parameters: int
    first_line: int
    last_line: int

    @property
    def length(self):
        return self.last_line - self.first_line + 1


def _top_level_groups(head):
    """(start, end) of every parenthesised group at depth 0 of `head`."""
    groups, depth, start = [], 0, 0
    for i, char in enumerate(head):
        if char in "([{":
            if depth == 0 and char == "(":
                start = i
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0 and char == ")":
                groups.append((start, i))
    return groups


def _initializer_list_start(head):
    """Where the `:` of a constructor's initializer list is, or -1."""
    depth = 0
    for i, char in enumerate(head):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char == ":" and depth == 0 and ")" in head[:i]:
            if head[i - 1] != ":" and head[i + 1:i + 2] != ":":
                return i
    return -1


def _initializer_start(declaration):
    """Where an `=` outside of all brackets, template parameters included, is, or the end."""
    depth = 0
    for i, char in enumerate(declaration):
        if char in "([{<":
            depth += 1
        elif char in ")]}>":
            depth -= 1
        elif char == "=" and depth == 0:
            return i
    return len(declaration)


def _count_parameters(text):
    """Top-level commas plus one; 0 for nothing or `void`."""
    if text.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for i, char in enumerate(text):
        if char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and text[i - 1] != "-"):
            depth -= 1
        elif char == "," and depth == 0:
            count += 1
    return count


def _signature(head):
    """(name, parameters) of a declaration that ends where a body may begin, or None."""
    colon = _initializer_list_start(head)
    declaration = head[:colon] if colon >= 0 else head
    initializer = _initializer_start(declaration)
    for start, end in reversed(_top_level_groups(declaration)):
        name = _NAME.search(declaration[:start])
        if name is None or name.group(1) in _NOT_PARAMETERS:
            continue
        if "operator" not in name.group(1) and initializer < start:
            return None  # `auto f = g(...) {`: an initializer.
        return re.sub(r"\s", "", name.group(1)), _count_parameters(declaration[start + 1:end])
    return None


def _opens(head):
    """What the brace after `head` opens: "scope", "function", "member" or "other"."""
    stripped = head.rstrip()
    signature = _signature(head)
    if signature is None or (_SCOPE.match(stripped.lstrip()) and not stripped.endswith(")")):
        if _ENUM.search(head):
            return "other"
        return "scope" if _SCOPE.search(head) and "=" not in stripped[-2:] else "other"
    colon = _initializer_list_start(head)
    if colon >= 0 and re.search(r"[\w>]$", stripped):
        return "member"  # `Foo() : a_{1}`: a braced initializer, the body is still to come.
    return "function"


class _Finder:
    """The walk over one file's code."""

    def __init__(self, source):
        self._source = source
        self._code = _PREPROCESSOR.sub(lambda match: re.sub(r"[^\n]", " ", match.group()),
                                       source.code)
        self._stack = []  # (kind, name, parameters, first line)
        self._functions = []

    def run(self):
        head_start, parens = 0, 0
        for i, char in enumerate(self._code):
            if self._opaque():
                if char == "{":
                    self._stack.append(("other", "", 0, 0))
                elif char == "}" and self._close(i) != "member" and not self._opaque():
                    head_start = i + 1
                continue
            if char == "(":
                parens += 1
            elif char == ")":
                parens = max(0, parens - 1)
            elif parens > 0:
                if char == "{":  # `F(int a = {})` and the like.
                    self._stack.append(("member", "", 0, 0))
            elif char == ";":
                head_start = i + 1
            elif char == "{":
                self._open(head_start, i)
                if self._stack[-1][0] == "scope":
                    head_start = i + 1
            elif char == "}":
                self._close(i)
                head_start = i + 1
        return self._functions

    def _opaque(self):
        """Inside something whose braces define no function."""
        return bool(self._stack) and self._stack[-1][0] != "scope"

    def _open(self, head_start, brace):
        head = self._code[head_start:brace]
        while skipped := _ACCESS.match(head) or _MACRO_CALL.match(head):
            head_start += skipped.end()
            head = head[skipped.end():]
        kind = _opens(head)
        if kind != "function":
            self._stack.append((kind, "", 0, 0))
            return
        name, parameters = _signature(head)
        first = head_start + len(head) - len(head.lstrip())
        self._stack.append((kind, name, parameters, self._source.line_of(first)))

    def _close(self, brace):
        if not self._stack:
            return "scope"
        kind, name, parameters, first = self._stack.pop()
        if kind == "function":
            last = self._source.line_of(brace)
            self._functions.append(Function(name, parameters, first, last))
        return kind


def find_functions(source):
    """Every function definition of a C++ Source, in order of their ends."""
    return _Finder(source).run()
