// What import makes of the fixtures: entry point, states, what the module says of itself. Whether it computes
// the right thing is for the interpreter's tests.
#include "Import/Import.h"
#include "Lathe/ModelInfo.h"
#include "Lathe/LatheDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace mlir;

namespace {
struct Imported {
  MLIRContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  explicit Imported(const std::string &name) {
    auto checkpoint = Checkpoint::open(LATHE_SOURCE_DIR "/test/fixtures/" + name);
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status().message();
    auto imported = importCheckpoint(*checkpoint, context);
    EXPECT_TRUE(imported.ok()) << imported.status().message();
    module = std::move(*imported);
  }
  template <typename Op> int64_t count() {
    int64_t found = 0;
    module->walk([&](Op) { ++found; });
    return found;
  }
  std::string print() {
    std::string text;
    llvm::raw_string_ostream(text) << *module;
    return text;
  }
};
} // namespace

TEST(Import, DecoderHasAStepAndAStateForEachLayer) {
  Imported llama("llama-f32");
  auto step = llama.module->lookupSymbol<func::FuncOp>("step");
  ASSERT_TRUE(step);
  EXPECT_EQ(step.getNumArguments(), 1u);
  EXPECT_TRUE(isa<BatchType>(step.getArgument(0).getType()));
  EXPECT_EQ(cast<RankedTensorType>(step.getResultTypes()[0]).getDimSize(1), 131);
  EXPECT_EQ(llama.count<StateDeclOp>(), 2);
  EXPECT_EQ(llama.count<SelectOutputsOp>(), 1);
}

TEST(Import, EncoderHasAnEmbedAndNoState) {
  Imported bert("bert-f32-mean");
  EXPECT_TRUE(bert.module->lookupSymbol<func::FuncOp>("embed"));
  EXPECT_EQ(bert.count<StateDeclOp>(), 0);
  EXPECT_EQ(bert.count<L2NormalizeOp>(), 1);
  Imported cls("bert-f16-cls");
  EXPECT_EQ(cls.count<L2NormalizeOp>(), 0);
  (*cls.module)->walk([](PoolOp pool) { EXPECT_EQ(pool.getKind(), PoolKind::First); });
}

TEST(Import, ParamsHaveTheStoredType) {
  for (auto [name, type] :
       {std::pair("llama-f32", "f32"), {"llama-bf16-sharded", "bf16"}, {"llama-f16-llama3", "f16"}})
    Imported(name).module->walk([type = std::string(type)](ParamOp param) {
      std::string codes;
      llvm::raw_string_ostream(codes) << param.getResult().getType().getEncoding().getCodes();
      EXPECT_EQ(codes, type);
      EXPECT_EQ(param.getScope(), "model");
    });
}

TEST(Import, TiedHeadIsTheEmbedding) {
  Imported tied("llama-bf16-sharded"), untied("llama-f32");
  auto embeddings = [](Imported &model) {
    int64_t uses = 0;
    model.module->walk([&](ParamOp param) {
      if (param.getKey() == "model.embed_tokens.weight")
        uses += std::distance(param->use_begin(), param->use_end());
    });
    return uses;
  };
  EXPECT_EQ(embeddings(tied), 2);
  EXPECT_EQ(embeddings(untied), 1);
}

TEST(Import, ModuleSaysWhatItIs) {
  Imported llama("llama-f32");
  // It survives printing and parsing.
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(llama.print(), &llama.context);
  ASSERT_TRUE(parsed);
  std::optional<ModelInfo> info = getModelInfo(*parsed);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->family, "llama");
  EXPECT_EQ(info->vocabulary, 131);
  EXPECT_EQ(info->context, 128);
  EXPECT_EQ(info->width, 48);
  (*parsed)->removeAttr("lathe.model");
  EXPECT_FALSE(getModelInfo(*parsed));
}

TEST(Import, IsReproducible) { EXPECT_EQ(Imported("gpt2-f32").print(), Imported("gpt2-f32").print()); }
