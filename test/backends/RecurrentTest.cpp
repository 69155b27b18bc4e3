// A recurrent model through every level: interpreter, driver, artifact, runtime; its state goes on from call
// to call, is copied by a fork, and can be saved. The model itself is recurrent.mlir.
#include "Compare.h"
#include "CompiledModel.h"
#include "DrawnParams.h"
#include "RuntimeSession.h"

#include "Compiler/Compile.h"
#include "Compiler/Source.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {

constexpr const char *kModel = LATHE_SOURCE_DIR "/test/backends/recurrent.mlir";
constexpr float kBound = 1e-5f; // f32 everywhere: see README.md

/// A Hugging Face folder with one safetensors file that holds every param of a module.
class Folder {
public:
  explicit Folder(mlir::ModuleOp module) {
    std::filesystem::create_directory(path);
    std::ofstream(path / "config.json") << "{\"model_type\": \"toy\"}\n";
    DrawnParams params(module);
    std::string header, data;
    module.walk([&](ParamOp param) {
      std::string key = param.getKey().str();
      ParamTensor tensor = *params.find("model", key);
      uint64_t elements = 1;
      std::string shape;
      for (int64_t extent : tensor.shape) {
        elements *= uint64_t(extent);
        shape += (shape.empty() ? "" : ",") + std::to_string(extent);
      }
      std::vector<float> values(elements);
      EXPECT_TRUE(tensor.read(0, values).ok());
      uint64_t first = data.size();
      data.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
      header += (header.empty() ? "{\"" : ",\"") + key + "\":{\"dtype\":\"F32\",\"shape\":[" + shape +
                "],\"data_offsets\":[" + std::to_string(first) + "," + std::to_string(data.size()) + "]}";
    });
    header += "}";
    uint64_t size = header.size();
    std::ofstream(path / "model.safetensors", std::ios::binary)
            .write(reinterpret_cast<const char *>(&size), sizeof size)
        << header << data;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("lathe-recurrent-" + std::to_string(getpid()));
};

class Recurrent : public testing::Test {
protected:
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module = parse();
  DrawnParams params{*module};
  interpreter::Interpreter interpreter{*module, params};
  Folder folder{*module};
  std::string artifact = (folder.path / "toy.lathe").string();

  void SetUp() override {
    CompileOptions options;
    options.model = kModel;
    options.checkpoint = folder.path.string();
    options.output = artifact;
    options.targets = {"cpu", "vulkan"};
    options.threads = 1;
    Status status = compile(options);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  mlir::OwningOpRef<mlir::ModuleOp> parse() {
    loadDialects(context);
    return mlir::parseSourceFile<mlir::ModuleOp>(kModel, mlir::ParserConfig(&context));
  }

  Rows expected(const Indices &tokens) {
    interpreter.reset();
    return *interpreter.run("step", Batch::sequence(tokens));
  }

  /// `rows` are the last of the sequence.
  void expectEndOf(const Indices &tokens, const Rows &rows) {
    EXPECT_LE(
        difference(rows.values, rowsOf(expected(tokens), int64_t(tokens.size()) - rows.rows, rows.rows)),
        kBound);
  }
};

Indices drawn(size_t count, unsigned factor) {
  Indices tokens;
  for (size_t i = 0; i < count; ++i) tokens.push_back(int32_t((i * i + factor * i + 3) % 70));
  return tokens;
}

Indices operator+(Indices a, const Indices &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

} // namespace

TEST_F(Recurrent, StateGoesOnFromCallToCall) {
  for (const Place &place : runnablePlaces(artifact)) {
    SCOPED_TRACE(testing::PrintToString(place));
    RuntimeSession session(artifact, place);
    int32_t slot = session.newSlot();
    Indices tokens;
    for (size_t rows : {1, 7, 1, 90, 3}) {
      Indices piece = drawn(rows, unsigned(rows));
      tokens = tokens + piece;
      expectEndOf(tokens, session.step(piece, slot));
    }
  }
}

TEST_F(Recurrent, SequencesAreApart) {
  for (const Place &place : runnablePlaces(artifact)) {
    SCOPED_TRACE(testing::PrintToString(place));
    RuntimeSession session(artifact, place);
    int32_t a = session.newSlot(), b = session.newSlot();
    Indices first = drawn(5, 11), second = drawn(5, 23), tokens, slots;
    for (size_t i = 0; i < 5; ++i) {
      tokens = tokens + Indices{first[i], second[i]};
      slots = slots + Indices{a, b};
    }
    Rows rows = session.step(tokens, slots);
    Rows ofFirst = expected(first), ofSecond = expected(second);
    for (int64_t i = 0; i < 5; ++i) {
      EXPECT_LE(difference(rowsOf(rows, 2 * i, 1), rowsOf(ofFirst, i, 1)), kBound);
      EXPECT_LE(difference(rowsOf(rows, 2 * i + 1, 1), rowsOf(ofSecond, i, 1)), kBound);
    }
  }
}

TEST_F(Recurrent, ForkCopiesTheState) {
  RuntimeSession session(artifact, runnableVariants(artifact).front());
  Indices prompt = drawn(20, 5), left = drawn(6, 7), right = drawn(4, 9);
  int32_t slot = session.newSlot();
  session.step(prompt, slot);
  int32_t fork = session.fork(slot);
  expectEndOf(prompt + left, session.step(left, slot));
  expectEndOf(prompt + right, session.step(right, fork));
}

TEST_F(Recurrent, StateIsSavedAndForgotten) {
  RuntimeSession session(artifact, runnableVariants(artifact).front());
  Indices prompt = drawn(20, 5), more = drawn(6, 7);
  int32_t slot = session.newSlot();
  session.step(prompt, slot);
  std::vector<char> saved = session.save(slot);
  EXPECT_THROW(session.truncate(slot, 10), std::runtime_error) << "a recurrent state can't go back";
  session.truncate(slot, 0);
  expectEndOf(more, session.step(more, slot));
  expectEndOf(prompt + more, session.step(more, session.restore(saved)));
}
