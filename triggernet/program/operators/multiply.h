#ifndef TRIGGERNET_MULTIPLY_H_
#define TRIGGERNET_MULTIPLY_H_

// Multiply: x y, value by value; y is one value for each of x, or one for each row of it.
//
// In hardware: one multiplier a value of x, its rounding and saturation. Reuse factor R > 1: the
// multipliers are limited to ceil(values / R) and shared in time.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_values (size of x), n_repeat (values of x that share one of y), reuse_factor,
// multiplier_limit, exact_t (holds the product)
template <class CONFIG_T, class x_T, class y_T, class res_T>
void multiply(const x_T x[CONFIG_T::n_values],
              const y_T y[CONFIG_T::n_values / CONFIG_T::n_repeat],
              res_T res[CONFIG_T::n_values]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
VALUES:
    for (int i = 0; i < CONFIG_T::n_values; i++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::exact_t product = x[i] * y[i / CONFIG_T::n_repeat];
        res[i] = quantised<res_T>(product);
    }
}

} // namespace triggernet

#endif
