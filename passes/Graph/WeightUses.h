// Questions about weight expressions, and moves of them, that several rewrites share.
#pragma once

#include "Lathe/LatheDialect.h"

namespace lathe {

/// Moves the ops of a weight expression in front of `before` where they are not already.
void hoistExpression(mlir::Value weight, mlir::Operation *before);

/// The weight of a linear that has exactly one.
inline mlir::Value onlyWeight(LinearOp linear) {
  return linear.getWeights().size() == 1 ? linear.getWeights().front() : mlir::Value();
}

/// Why the weight of this linear can't become part of another matrix; empty where it can.
std::string whyNotMergeable(LinearOp linear);

/// An encoding or a weight type as the IR prints it, for remarks.
std::string printed(mlir::Type type);

} // namespace lathe
