// main() of a fuzz target that is built without libFuzzer: runs the target on each file that is
// named, on every beginning of it, and on it with each single bit flipped.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Longer inputs are replayed as they are, so that a test stays under a few seconds.
constexpr size_t kVariedBytesMax = 512;

// In memory of its own size, so that asan sees a read beyond the end.
void Run(const std::string& input) {
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void RunWithVariations(std::string input) {
  Run(input);
  if (input.size() > kVariedBytesMax) return;
  for (size_t bytes = 0; bytes < input.size(); ++bytes) Run(input.substr(0, bytes));
  for (size_t bit = 0; bit < input.size() * 8; ++bit) {
    const char original = input[bit / 8];
    input[bit / 8] = static_cast<char>(original ^ (1 << (bit % 8)));
    Run(input);
    input[bit / 8] = original;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE...\n", argv[0]);
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
      return 1;
    }
    RunWithVariations(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  std::printf("%d inputs with their variations\n", argc - 1);
  return 0;
}
