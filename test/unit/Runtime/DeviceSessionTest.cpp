// A session on a device that can be lost, and states that go from one device to another.
#include "FakeDevices.h"
#include "ToyModel.h"

#include "Runtime/Session.h"

using namespace lathe;
using namespace lathe::toy;

namespace {

class FakeSession : public testing::Test {
protected:
  void SetUp() override {
    fakeMachine() = {};
    fakeMachine().cuda.devices = {fakeDevice(DeviceKind::Cuda, 0, "an H100")};
    session_ = open(toy_, "auto");
    ASSERT_TRUE(session_);
    ASSERT_EQ(session_->device().id(), "cuda:0");
    slot_ = *session_->pool().create();
  }
  static std::unique_ptr<Session> open(const Toy &toy, const char *device) {
    auto model = LoadedModel::open(toy.path(), {});
    EXPECT_TRUE(model.ok()) << model.status().message();
    SessionOptions options;
    options.slots = 3;
    options.device = *parseDevice(device);
    auto session = Session::create(*model, options, fakeBackends());
    EXPECT_TRUE(session.ok()) << session.status().message();
    return session ? std::move(*session) : nullptr;
  }
  Status feed(const Tokens &tokens) {
    std::vector<int32_t> slots(tokens.size(), slot_);
    StepBatch batch;
    batch.tokens = tokens;
    batch.slots = slots;
    return session_->step(batch);
  }
  Toy toy_{{.recurrent = true, .add = addGpuPrograms}};
  std::unique_ptr<Session> session_;
  int32_t slot_ = -1;
};

} // namespace

TEST_F(FakeSession, LostDeviceIsTheStatusOfEveryCall) {
  Tokens tokens = someTokens(70);
  ASSERT_TRUE(feed(tokens).ok());
  auto row = session_->result(0);
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(Row(row->begin(), row->end()), expected(tokens, true));
  fakeMachine().runsLeft = 1;
  EXPECT_EQ(feed(someTokens(120)).code(), Code::DeviceLost) << "in the second chunk";
  EXPECT_EQ(session_->pool().positions(slot_), 70u + 96) << "the first chunk was complete";
  EXPECT_EQ(feed({1}).code(), Code::DeviceLost);
  EXPECT_EQ(session_->pool().positions(slot_), 70u + 96);
}

TEST_F(FakeSession, LostDeviceLeavesSlotsConsistent) {
  ASSERT_TRUE(feed(someTokens(70)).ok());
  BlockPool &pool = session_->pool();
  uint32_t free = pool.freeBlocks();
  std::vector<std::byte> saved(pool.saveBytes(slot_));
  ASSERT_TRUE(pool.save(slot_, 1, saved).ok());
  for (int calls = 0; calls < 3; ++calls) {
    fakeMachine().stateCallsLeft = calls;
    auto fork = pool.fork(slot_);
    EXPECT_EQ(fork.status().code(), Code::DeviceLost) << calls;
    EXPECT_EQ(pool.freeBlocks(), free) << calls;
    fakeMachine().stateCallsLeft = calls;
    EXPECT_EQ(pool.restore(saved, 1).status().code(), Code::DeviceLost) << calls;
    EXPECT_EQ(pool.freeBlocks(), free) << calls;
    fakeMachine().stateCallsLeft = calls;
    EXPECT_EQ(pool.save(slot_, 1, saved).code(), Code::DeviceLost) << calls;
  }
  fakeMachine().stateCallsLeft = 0;
  EXPECT_EQ(pool.create().status().code(), Code::DeviceLost);
  EXPECT_EQ(pool.truncate(slot_, 0).code(), Code::DeviceLost);
  fakeMachine().stateCallsLeft = 100;
  EXPECT_TRUE(pool.create().ok() && pool.create().ok()) << "no slot was lost on the way";
}

TEST_F(FakeSession, SavedStatesGoWhereTheLayoutIsTheSame) {
  Tokens tokens = someTokens(70);
  ASSERT_TRUE(feed(tokens).ok());
  std::vector<std::byte> saved(session_->pool().saveBytes(slot_));
  ASSERT_TRUE(session_->pool().save(slot_, session_->stateHash(), saved).ok());
  session_ = open(toy_, "cpu");
  ASSERT_TRUE(session_);
  auto restored = session_->pool().restore(saved, session_->stateHash());
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  slot_ = *restored;
  tokens.push_back(3);
  ASSERT_TRUE(feed({3}).ok());
  auto row = session_->result(0);
  EXPECT_EQ(Row(row->begin(), row->end()), expected(tokens, true));

  Toy other({.recurrent = true, .add = [](fb::HeaderT &header, std::vector<CodeImage> &images) {
               addGpuPrograms(header, images);
               header.programs[1]->fixed_bytes = 128;
               header.programs[1]->states[1]->offset = 64;
             }});
  EXPECT_NE(open(other, "cuda")->stateHash(), open(other, "cpu")->stateHash());
}

TEST_F(FakeSession, EmbedsOnADevice) {
  Toy encoder({.encoder = true, .add = addGpuPrograms});
  session_ = open(encoder, "cuda");
  ASSERT_TRUE(session_);
  uint32_t lengths[] = {1, 1};
  int32_t tokens[] = {4, 7};
  Row vectors(2 * kDim);
  ASSERT_TRUE(session_->embed(lengths, tokens, vectors.data()).ok());
  EXPECT_EQ(Row(vectors.begin() + kDim, vectors.end()), embeddingOf(7));
}
