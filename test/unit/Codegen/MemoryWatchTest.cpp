// What the watch takes for a race, and what it does not.
#include "MemoryWatch.h"

#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

using namespace lathe::test;

namespace {

class Watch : public testing::Test {
protected:
  Watch() {
    watch.beginLaunch("k");
    watch.beginGroup();
  }
  MemoryWatch watch;
  int32_t place = 0;

  void read(unsigned thread, MemorySpace space = MemorySpace::Group) { watch.read(space, &place, 4, thread); }
  void write(unsigned thread, int32_t value, MemorySpace space = MemorySpace::Group) {
    watch.write(space, &place, &value, 4, thread);
    place = value;
  }
};

TEST_F(Watch, ABarrierPartsThreads) {
  write(0, 1);
  read(0);
  watch.passBarrier();
  read(1);
  read(2);
  watch.passBarrier();
  write(3, 2);
}

TEST_F(Watch, ReadsWhatAnotherWrites) {
  write(0, 1);
  EXPECT_NONFATAL_FAILURE(read(1), "reads what thread 0 writes");
}

TEST_F(Watch, WritesWhatAnotherReads) {
  write(0, 1);
  watch.passBarrier();
  read(0);
  read(1);
  EXPECT_NONFATAL_FAILURE(write(0, 2), "writes what another thread reads");
}

TEST_F(Watch, WritesTheSameOrOtherwise) {
  write(0, 1);
  write(1, 1);
  EXPECT_NONFATAL_FAILURE(write(2, 5), "writes what thread 1 writes otherwise");
}

TEST_F(Watch, GroupMemoryBeginsUnwritten) {
  EXPECT_NONFATAL_FAILURE(read(0), "reads what its work group has not written");
}

TEST_F(Watch, GroupMemoryOfAnotherGroupIsUnwritten) {
  write(0, 1);
  watch.beginGroup();
  EXPECT_NONFATAL_FAILURE(read(0), "reads what its work group has not written");
}

TEST_F(Watch, UnitsSeeWhatIsShown) {
  write(0, 1);
  watch.passBarrier();
  EXPECT_NONFATAL_FAILURE(watch.readByUnits(&place, 4, 1), "has written and not shown");
  watch.beginLaunch("next");
  watch.beginGroup();
  write(0, 1);
  watch.show(0);
  watch.passBarrier();
  watch.readByUnits(&place, 4, 1);
  watch.passBarrier();
  write(0, 2);
  watch.passBarrier();
  EXPECT_NONFATAL_FAILURE(watch.readByUnits(&place, 4, 1), "has written and not shown");
}

TEST_F(Watch, NoBarrierPartsWorkGroups) {
  write(0, 1, MemorySpace::Global);
  watch.beginGroup();
  watch.passBarrier();
  EXPECT_NONFATAL_FAILURE(read(0, MemorySpace::Global), "reads what another work group");
}

TEST_F(Watch, AGroupWritesWhatSeveralHaveRead) {
  read(0, MemorySpace::Global);
  watch.beginGroup();
  read(0, MemorySpace::Global);
  EXPECT_NONFATAL_FAILURE(write(0, 1, MemorySpace::Global), "writes what another work group");
}

TEST_F(Watch, TheEndOfALaunchPartsWorkGroups) {
  write(0, 1, MemorySpace::Global);
  watch.beginLaunch("next");
  watch.beginGroup();
  read(5, MemorySpace::Global);
  write(5, 2, MemorySpace::Global);
}

} // namespace
