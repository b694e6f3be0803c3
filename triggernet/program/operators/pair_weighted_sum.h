#ifndef TRIGGERNET_PAIR_WEIGHTED_SUM_H_
#define TRIGGERNET_PAIR_WEIGHTED_SUM_H_

// PairWeightedSum: for each particle the features of all others, weighted by their pairs.
//
// In hardware: M (M - 1) multipliers a feature, and M adder trees of M - 1 leaves, then rounding and
// saturation. Reuse factor R > 1: the multipliers are limited to ceil(products / R) and shared in
// time; the adders are not, since a multiplexer would cost what an adder does.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_particles (M), n_features (F), reuse_factor, multiplier_limit, acc_t (holds the exact
// sum)
template <class CONFIG_T, class d_T, class x_T, class res_T>
void pair_weighted_sum(const d_T d[CONFIG_T::n_particles * (CONFIG_T::n_particles - 1) / 2],
                       const x_T x[CONFIG_T::n_particles * CONFIG_T::n_features],
                       res_T res[CONFIG_T::n_particles * CONFIG_T::n_features]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    typename CONFIG_T::acc_t terms[CONFIG_T::n_particles - 1];
    #pragma HLS ARRAY_PARTITION variable=terms complete
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
    FEATURES:
        for (int f = 0; f < CONFIG_T::n_features; f++) {
            #pragma HLS UNROLL
        OTHERS:
            for (int k = 0; k < CONFIG_T::n_particles - 1; k++) {
                #pragma HLS UNROLL
                const int j = k < i ? k : k + 1;
                const int pair = j < i ? pair_number(j, i) : pair_number(i, j);
                terms[k] = d[pair] * x[j * CONFIG_T::n_features + f];
            }
            res[i * CONFIG_T::n_features + f] = quantised<res_T>(tree_sum(terms));
        }
    }
}

} // namespace triggernet

#endif
