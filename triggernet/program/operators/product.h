#ifndef TRIGGERNET_PRODUCT_H_
#define TRIGGERNET_PRODUCT_H_

// Product: every row of x times every row of y, summed over their features.
//
// In hardware: rows of x times rows of y times features multipliers, and an adder tree for each
// pair of rows. Reuse factor R > 1: the multipliers are limited to a share of 1/R.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_rows (of x), n_other (rows of y), n_features, reuse_factor, multiplier_limit, acc_t
// (holds the exact sum)
template <class CONFIG_T, class x_T, class y_T, class res_T>
void product(const x_T x[CONFIG_T::n_rows * CONFIG_T::n_features],
             const y_T y[CONFIG_T::n_other * CONFIG_T::n_features],
             res_T res[CONFIG_T::n_rows * CONFIG_T::n_other]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    typename CONFIG_T::acc_t terms[CONFIG_T::n_features];
    #pragma HLS ARRAY_PARTITION variable=terms complete
ROWS:
    for (int i = 0; i < CONFIG_T::n_rows; i++) {
        #pragma HLS UNROLL
    OTHERS:
        for (int j = 0; j < CONFIG_T::n_other; j++) {
            #pragma HLS UNROLL
        FEATURES:
            for (int f = 0; f < CONFIG_T::n_features; f++) {
                #pragma HLS UNROLL
                terms[f] = x[i * CONFIG_T::n_features + f] * y[j * CONFIG_T::n_features + f];
            }
            res[i * CONFIG_T::n_other + j] = quantised<res_T>(tree_sum(terms));
        }
    }
}

} // namespace triggernet

#endif
