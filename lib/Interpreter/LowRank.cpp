// Singular value decomposition by one-sided Jacobi rotations (Hestenes 1958): columns are turned in pairs
// until all are orthogonal; their lengths are the singular values then.
#include "Interpreter/Weights.h"

#include <cmath>
#include <numeric>

namespace lathe::interpreter {

namespace {
using Columns = std::vector<std::vector<double>>;
} // namespace

static double dot(const std::vector<double> &a, const std::vector<double> &b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

static void rotate(std::vector<double> &p, std::vector<double> &q, double cosine, double sine) {
  for (size_t i = 0; i < p.size(); ++i) {
    double left = p[i], right = q[i];
    p[i] = cosine * left - sine * right;
    q[i] = sine * left + cosine * right;
  }
}

/// Makes the columns of `a` orthogonal and turns those of `v` along with them.
static void orthogonalize(Columns &a, Columns &v) {
  constexpr int mostSweeps = 60; // convergence is quadratic; about ten do
  for (int sweep = 0; sweep < mostSweeps; ++sweep) {
    bool turned = false;
    for (size_t p = 0; p < a.size(); ++p)
      for (size_t q = p + 1; q < a.size(); ++q) {
        double pp = dot(a[p], a[p]), qq = dot(a[q], a[q]), pq = dot(a[p], a[q]);
        if (std::fabs(pq) <= 1e-14 * std::sqrt(pp * qq)) continue;
        double ratio = (qq - pp) / (2 * pq);
        double tangent = (ratio < 0 ? -1 : 1) / (std::fabs(ratio) + std::sqrt(1 + ratio * ratio));
        double cosine = 1 / std::sqrt(1 + tangent * tangent);
        rotate(a[p], a[q], cosine, cosine * tangent);
        rotate(v[p], v[q], cosine, cosine * tangent);
        turned = true;
      }
    if (!turned) return;
  }
}

std::pair<Weight, Weight> truncatedSvd(const Weight &weight, int64_t rank) {
  // A V = U S: the columns of A are turned into those of U S by V.
  int64_t rows = weight.rows, columns = weight.columns;
  Columns a(columns, std::vector<double>(rows)), v(columns, std::vector<double>(columns));
  for (int64_t k = 0; k < columns; ++k) {
    v[k][k] = 1;
    for (int64_t n = 0; n < rows; ++n) a[k][n] = weight.at(n, k);
  }
  orthogonalize(a, v);

  std::vector<int64_t> order(columns);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t x, int64_t y) {
    return std::pair(dot(a[x], a[x]), y) > std::pair(dot(a[y], a[y]), x);
  });
  Weight left(rows, rank), right(rank, columns);
  for (int64_t r = 0; r < rank; ++r) {
    const std::vector<double> &us = a[order[r]], &direction = v[order[r]];
    double root = std::sqrt(std::sqrt(dot(us, us))); // sqrt(S)
    for (int64_t n = 0; n < rows; ++n) left.values[n * rank + r] = root > 0 ? us[n] / root : 0;
    for (int64_t k = 0; k < columns; ++k) right.values[r * columns + k] = root * direction[k];
  }
  return {left, right};
}

} // namespace lathe::interpreter
