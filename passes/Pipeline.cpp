#include "Pipeline.h"

void lathe::registerPasses() {}
