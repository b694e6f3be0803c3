#ifndef TRIGGERNET_EDGE_SUM_H_
#define TRIGGERNET_EDGE_SUM_H_

// EdgeSum: for each particle the sum of what it receives from all others that are present.
//
// In hardware: M adder trees of M - 1 leaves a feature, ceil(log2(M - 1)) levels deep, an AND a bit
// for the mask, then rounding and saturation. With a reuse factor R > 1 nothing is shared: a
// multiplexer would cost what an adder does.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_particles (M), n_constituents (N), n_features (G), ways (edges a pair: 2 if directed,
// else 1), acc_t (holds the exact sum)
template <class CONFIG_T, class x_T, class present_T, class res_T>
void edge_sum(const x_T *x, const present_T present[CONFIG_T::n_constituents],
              res_T res[CONFIG_T::n_particles * CONFIG_T::n_features]) {
    typedef typename CONFIG_T::acc_t acc_t;
    bool there[CONFIG_T::n_particles];
    acc_t terms[CONFIG_T::n_particles - 1];
    #pragma HLS ARRAY_PARTITION variable=there complete
    #pragma HLS ARRAY_PARTITION variable=terms complete
    find_present<CONFIG_T>(present, there);
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
    FEATURES:
        for (int g = 0; g < CONFIG_T::n_features; g++) {
            #pragma HLS UNROLL
        OTHERS:
            for (int k = 0; k < CONFIG_T::n_particles - 1; k++) {
                #pragma HLS UNROLL
                const int j = k < i ? k : k + 1;
                const int pair = j < i ? pair_number(j, i) : pair_number(i, j);
                const int edge = CONFIG_T::ways * pair + (j < i ? CONFIG_T::ways - 1 : 0);
                terms[k] = x[edge * CONFIG_T::n_features + g];
                if (!there[i] || !there[j]) {
                    terms[k] = zero<acc_t>();
                }
            }
            res[i * CONFIG_T::n_features + g] = quantised<res_T>(tree_sum(terms));
        }
    }
}

} // namespace triggernet

#endif
